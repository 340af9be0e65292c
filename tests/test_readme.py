"""The README's examples run as they stand there."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("bots", "calls", "processors", "rehearsal", "scripts", "server", "services", "tools")


def examples() -> dict[str, str]:
    """The examples by the file that the README says to save them as."""
    text = (ROOT / "README.md").read_text()
    found: dict[str, str] = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE):
        path = re.search(r"Save this\s+as\s+`([^`]+\.py)`", part)
        code = re.search(r"```python\n(.*?)```", part, re.DOTALL)
        if path and code:
            found[path[1]] = code[1]
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with the README's three examples saved into it."""
    copy = tmp_path_factory.mktemp("checkout")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "processors", copy / "tests" / "processors")
    for name in ("settings.py", "pyproject.toml", "tests/virtual_time.py"):
        shutil.copy(ROOT / name, copy / name)
    for path, code in examples().items():
        (copy / path).write_text(code)
    return copy


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=240)


def test_readme_ends_with_a_bot_a_processor_and_a_tool() -> None:
    assert [path.split("/")[0] for path in examples()] == ["bots", "processors", "tools"]


def test_examples_are_written_as_the_house_writes(checkout: Path) -> None:
    for path in examples():
        result = run(
            checkout, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), path
        )
        assert result.returncode == 0, result.stdout
        result = run(checkout, "-m", "ruff", "format", "--check", path)
        assert result.returncode == 0, result.stdout + result.stderr


def test_processor_example_passes_the_processor_contract(checkout: Path) -> None:
    contract = "tests/processors/test_processor_contract.py"
    result = run(checkout, "-m", "pytest", contract, "-k", "BargeInCount", "-p", "no:cacheprovider")
    assert result.returncode == 0, result.stdout[-3000:]
    assert re.search(r"\d+ passed", result.stdout), result.stdout[-3000:]


@pytest.mark.long
def test_bot_example_answers_its_sample_call(checkout: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(
        checkout, "-m", "scripts.switchboard", "call", "flower_shop", "--json", "--out", str(out)
    )
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.dumps(json.loads(result.stdout)).lower()
    assert "closed that day" in report
    assert "goodbye" in report
