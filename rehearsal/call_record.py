"""Reads the record that the server writes while a call runs: one JSON object a line."""

import asyncio
import json
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class CallRecord:
    """The newest record in `folder` that was not there before; empty until the server writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = set(folder.glob("*.jsonl"))
        self._path: Path | None = None
        self._read = 0
        self._events: list[Event] = []

    @property
    def path(self) -> Path | None:
        if self._path is None:
            new = set(self._folder.glob("*.jsonl")) - self._before
            self._path = max(new, key=lambda path: path.stat().st_mtime, default=None)
        return self._path

    def events(self, kind: str | None = None) -> list[Event]:
        """Everything recorded so far, or all of one kind."""
        self._read_on()
        return [e for e in self._events if kind is None or e.get("kind") == kind]

    def words_since(self, moment_s: float, who: str = "bot") -> str:
        """What the bot (or the caller) was heard to say from the moment on."""
        said = self.events("heard")
        return " ".join(
            str(e["text"]) for e in said if e.get("who") == who and e["at_s"] >= moment_s
        )

    def between(self, kind: str, start_s: float, end_s: float) -> list[Event]:
        return [e for e in self.events(kind) if start_s <= e["at_s"] < end_s]

    async def closed(self, *, timeout_s: float) -> bool:
        """Wait for the record's last line. False: it did not come in time."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_s
        while not self.events("end"):  # a file has no event to wait for
            if loop.time() > deadline_s:
                return False
            await asyncio.sleep(0.05)
        return True

    def _read_on(self) -> None:
        if self.path is None:
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # still being written
                self._read += len(line)
                self._events.append(json.loads(line))
