"""A call's events as lines of a file, for whoever follows a call from outside while it runs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loguru import logger


class CallFile:
    """`<folder>/<call_id>.jsonl`, an event a line: `{"at_s": ..., "kind": ..., ...}`.

    It is written on the event loop: for rehearsals and benches, which wait for the lines. What
    cannot be written is said once in the log.
    """

    def __init__(self, folder: Path, call_id: str) -> None:
        self.path = folder / f"{call_id}.jsonl"
        self._writable = True

    def write(self, at_s: float, kind: str, facts: Mapping[str, Any]) -> None:
        """Add a line."""
        if not self._writable:
            return
        event = {"at_s": at_s, "kind": kind, **facts}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(event, ensure_ascii=False, default=str) + "\n")
        except OSError as error:
            self._writable = False
            logger.error(f"This call's file is lost from here on: {self.path}: {error}")
