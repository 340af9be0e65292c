"""What every test may rely on: no settings of the machine, no folder of the checkout."""

import os
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from calls.waiting import wait_without_tasks
from services.choice import provider_names
from settings import setting_names

# How long an example takes is the machine's affair.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

# As every call does before anything else.
wait_without_tasks()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests that take as long as a call does come first, beside one another."""
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def a_machine_without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours is set, and there is no `.env` in the working folder."""
    for name in setting_names(provider_names()):
        if name in os.environ:
            monkeypatch.delenv(name)
    folder = tmp_path / "working-folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
