"""Databases for the tests of records: SQLite, and PostgreSQL where its programs are installed."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from calls.records.database import Database

PROGRAMS = next(Path("/usr/lib/postgresql").glob("*/bin/initdb"), None) or shutil.which("initdb")

OpenDatabase = Callable[[], Database]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, without a database's name."""
    if PROGRAMS is None:
        pytest.skip("PostgreSQL is not installed")
    programs, user = Path(PROGRAMS).parent, "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if user:
        # It does not run as root.
        shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    make = [programs / "initdb", "-D", folder / "data", "-U", "records", "--auth=trust", "-N"]
    subprocess.run(make, check=True, capture_output=True, user=user, cwd=folder)
    serve = [programs / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1"]
    server = subprocess.Popen(
        [*serve, "-k", folder, "-c", "fsync=off", "-c", "log_min_messages=log"],
        stderr=subprocess.PIPE,
        user=user,
        cwd=folder,
    )
    assert server.stderr
    for line in server.stderr:
        if b"ready to accept connections" in line:
            break
    yield f"postgresql://records@127.0.0.1:{port}"
    # Whoever is still connected is not waited for.
    server.send_signal(signal.SIGINT)
    server.wait()
    server.stderr.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenDatabase]:
    """Opens the same empty database again and again, as several processes do."""
    folder, url, opened = tmp_path / "data", "", []
    if request.param == "postgresql":
        url = f"{request.getfixturevalue('postgresql')}/postgres"
        engine = create_engine(url.replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()

    def open_one() -> Database:
        opened.append(Database(folder, url))
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


@pytest.fixture
def database(open_database: OpenDatabase) -> Database:
    return open_database()
