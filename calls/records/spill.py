"""Where events wait while the database is away: one file a process."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from calls.records.kept import Kept

FOLDER = "spill"
SPILL_AT_MOST = 64 * 1024 * 1024
_CHUNK = 1000

# Without the first a call has no name, without the last it never ends.
ESSENTIAL = frozenset({"call", "outcome", "end"})


class Spill:
    """Events in a file, a line each, in the order in which they came.

    Parameters:
        path: The file, which exists while something is in it.
        at_most: Bytes after which only what is essential is taken.
    """

    def __init__(self, path: Path, *, at_most: int = SPILL_AT_MOST) -> None:
        self.path = path
        self._at_most = at_most

    def __bool__(self) -> bool:
        return self.path.exists()

    def append(self, events: Sequence[Kept]) -> int:
        """Take events in, and return how many there was no room for.

        Raises:
            OSError: none was taken.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab", buffering=0) as file, _locked(file):
            size = file.seek(0, os.SEEK_END)
            lines, left_out = self._that_fit(events, size)
            data = b"".join(lines)
            try:
                if file.write(data) != len(data):
                    raise OSError("the disk is full")
            except OSError:
                file.truncate(size)
                raise
            return left_out

    def take(self, keep: Callable[[list[Kept]], None]) -> None:
        """Hand over all events in order, some at a time, and remove the file.

        Raises:
            OSError: it cannot be read.
        """
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file, _locked(file):
            chunk: list[Kept] = []
            for kept in _events(file):
                chunk.append(kept)
                if len(chunk) == _CHUNK:
                    keep(chunk)
                    chunk = []
            if chunk:
                keep(chunk)
            self.path.unlink(missing_ok=True)

    def erase(self, call_ids: frozenset[str]) -> int:
        """Take out the events of these calls, and return how many there were.

        Raises:
            OSError: the file cannot be written.
        """
        with contextlib.suppress(FileNotFoundError), self.path.open("r+b") as file, _locked(file):
            others = [kept for kept in _events(file) if kept.event.call_id not in call_ids]
            file.seek(0)
            count = sum(1 for _ in _events(file)) - len(others)
            if count:
                size = file.seek(0, os.SEEK_END)
                data = "".join(kept.line() for kept in others).encode()
                file.seek(0)
                # What is cut off would stay on the disk.
                file.write(data + b"\0" * (size - len(data)))
                file.flush()
                os.fsync(file.fileno())
                file.truncate(len(data))
            return count
        return 0

    def events(self) -> list[Kept]:
        """What is in it now.

        Raises:
            OSError: it cannot be read.
        """
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file, _locked(file):
            return list(_events(file))
        return []

    def _that_fit(self, events: Sequence[Kept], size: int) -> tuple[list[bytes], int]:
        lines: list[bytes] = []
        for kept in events:
            line = kept.line().encode()
            if size + len(line) <= self._at_most or kept.event.kind in ESSENTIAL:
                lines.append(line)
                size += len(line)
        return lines, len(events) - len(lines)


def spills_in(folder: Path) -> Iterator[tuple[str, Spill]]:
    """What processes have spilled in a data folder, by the process."""
    for path in sorted((folder / FOLDER).glob("*.jsonl")):
        yield path.stem, Spill(path)


def _events(file: IO[bytes]) -> Iterator[Kept]:
    for line in file:
        # The last line of a process that was killed may be half a line.
        with contextlib.suppress(ValueError):
            yield Kept.read(line.decode())


@contextlib.contextmanager
def _locked(file: IO[bytes]) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    yield
