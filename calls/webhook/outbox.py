"""Which calls are still to be told of: one small file each, so that a restart loses none."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from loguru import logger

from calls.records.files import owed_name


@dataclass(frozen=True)
class Owed:
    """A call that is to be told of.

    Attributes:
        call_id: Of the call. What happened in it is not kept here.
        since_s: Unix time from which it is owed: when the call ended. None while it runs.
    """

    call_id: str
    since_s: float | None = None


class Outbox:
    """A folder of what is owed. Its methods wait for the disk.

    Parameters:
        folder: Made when something is put there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, owed: Owed) -> None:
        """Keep it, whatever happens to the process from here on.

        Raises:
            OSError: when it cannot be kept.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(owed.call_id)
        draft = path.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(owed), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def remove(self, call_id: str) -> None:
        """It is owed no more."""
        self._path(call_id).unlink(missing_ok=True)

    def has(self, call_id: str) -> bool:
        """Whether it is still owed: what erases a call takes it away."""
        return self._path(call_id).exists()

    def all(self) -> Iterator[Owed]:
        """Everything that is owed. A file that cannot be understood is said in the log."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                kept = json.loads(path.read_text(encoding="utf-8"))
                yield Owed(str(kept["call_id"]), kept["since_s"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                logger.error(f"Nobody is told of the call in {path}: {error}")

    def _path(self, call_id: str) -> Path:
        return self._folder / owed_name(call_id)
