"""What the operators' pages are made of."""

import re
from pathlib import Path

import pytest

from server.operator.pages import PAGES


def imported(module: Path, found: set[Path]) -> set[Path]:
    for name in re.findall(r'(?:from|import) "(\.[^"]+)"', module.read_text()):
        if (path := (module.parent / name).resolve()) not in found:
            found.add(path)
            imported(path, found)
    return found


@pytest.mark.parametrize("page", ["calls", "call", "dashboard"])
def test_page_asks_for_all_its_modules_at_once(page: str) -> None:
    html = (PAGES / f"{page}.html").read_text()
    asked_for = re.findall(r'<link rel="modulepreload" href="/page/([^"]+)">', html)
    needed = imported(PAGES / f"{page}.js", set())
    assert sorted(asked_for) == sorted(str(path.relative_to(PAGES.parent)) for path in needed)
