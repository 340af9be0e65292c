"""The Dockerfile's steps in a plain folder, as far as they go without a container engine."""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.server_process import ServerProcess

ROOT = Path(__file__).parent.parent.parent


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def having(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the image would have at /app, before its user is made."""
    app = tmp_path_factory.mktemp("app")
    for copy in having("COPY"):
        *sources, target = shlex.split(copy)
        for source in sources:
            origin, aim = ROOT / source, app / target
            if origin.is_dir():
                shutil.copytree(origin, aim, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(origin, aim / origin.name if target == "./" else aim)
    return app


def test_what_is_copied_holds_all_that_is_imported(image: Path) -> None:
    # The packages come from the environment of this test; the project itself from the image.
    code = "import scripts.switchboard, server.serve, bots.receptionist; print(server.__file__)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=image, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().splitlines()[-1].startswith(str(image))


def test_set_up_is_the_one_of_make_run() -> None:
    assert "make setup" in having("RUN")
    assert re.search(r"^run: setup$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "switchboard serve" in (ROOT / "Makefile").read_text()
    assert having("CMD") == ['["switchboard", "serve"]']


def test_process_runs_as_a_user_who_may_write_its_data_only() -> None:
    names = [name for name, _ in instructions()]
    assert having("USER") == ["switchboard"]
    assert names.index("USER") < names.index("CMD")
    assert "chown switchboard data" in having("RUN")[-1]


async def test_server_of_the_image_starts_and_its_health_check_holds(
    image: Path, tmp_path: Path
) -> None:
    check = having("HEALTHCHECK")[0].split("CMD ", 1)[1]
    _python, *arguments = json.loads(check)
    command = [sys.executable, "-m", "scripts.switchboard", "serve"]
    env = {"DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(image)}
    async with ServerProcess(command, env=env, log=tmp_path / "server.log") as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={**os.environ, "PORT": str(server.port)}
        )
        assert await process.wait() == 0
        server.terminate()
        assert await server.exit_code() == 0
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env={**os.environ, "PORT": str(server.port)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() != 0, "the check fails when nobody is there"
