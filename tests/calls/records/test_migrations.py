"""The migrations make the tables that the code knows, on both databases, once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from calls.records import migrate
from calls.records.database import Database
from calls.records.migrate import NEWEST, is_up_to_date
from calls.records.schema import metadata
from tests.calls.records.conftest import OpenDatabase


def test_newest_version_is_the_one_that_is_known() -> None:
    versions = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert versions.get_current_head() == NEWEST


def test_tables_are_those_of_the_schema(database: Database) -> None:
    with database.reading() as connection:
        assert is_up_to_date(connection)
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: not str(name).startswith("call_words")},
        )
        assert compare_metadata(context, metadata) == []


def test_database_is_made_once_by_whoever_comes_first(open_database: OpenDatabase) -> None:
    for _ in range(2):
        with open_database().reading() as connection:
            assert is_up_to_date(connection)


@pytest.mark.parametrize("attempt", range(25))
def test_new_file_that_several_open_at_once_refuses_none_of_them(
    tmp_path: Path, attempt: int
) -> None:
    together = threading.Barrier(24)

    def opens(_: int) -> None:
        database = Database(tmp_path)
        together.wait()
        with database.writing() as connection:
            connection.execute(text("SELECT count(*) FROM calls"))
        database.close()

    with ThreadPoolExecutor(together.parties) as threads:
        list(threads.map(opens, range(together.parties)))
