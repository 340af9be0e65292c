"""Recordings are erased, and it is shown that they are."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from calls.recording.files import FOLDER, folder_of
from calls.recording.sealed_file import HEADER_BYTES
from calls.recording.sound_file import SEALED

_BLOCK = 2**20


@dataclass(frozen=True)
class Erased:
    """What was erased of a call's sound, and what is there after it.

    Parameters:
        call_id: Of which call.
        files: How many there were.
        size_bytes: Of all of them.
        left: What could not be erased, by name.
    """

    call_id: str
    files: int
    size_bytes: int
    left: tuple[str, ...] = ()


def erase(data_dir: Path, call_id: str) -> Erased:
    """Erase all there is of a call's sound: recording, waveform, and what a crash left.

    Plain sound is overwritten before it is unlinked; of sealed sound the salt is, without which
    no key opens it.

    Raises:
        ValueError: No call has such an id.
    """
    folder = folder_of(data_dir, call_id)
    files = _files_in(folder)
    size = sum(path.stat().st_size for path in files)
    for path in files:
        try:
            _overwrite(path)
            path.unlink()
        except OSError:
            continue
    left = _files_in(folder)
    if folder.is_dir() and not left:
        folder.rmdir()
    return Erased(call_id, len(files), size, tuple(path.name for path in left))


def erase_older(data_dir: Path, before: datetime, *, keep: Iterable[str] = ()) -> list[Erased]:
    """Erase the recordings that were last written before a moment.

    Parameters:
        data_dir: Where everything is kept.
        before: With its time zone.
        keep: Calls whose sound stays, such as those that run.
    """
    stays = set(keep)
    folders = (data_dir / FOLDER).glob("*/")
    return [
        erase(data_dir, folder.name)
        for folder in sorted(folders)
        if folder.name not in stays and _last_written(folder) < before
    ]


def _last_written(folder: Path) -> datetime:
    times = [path.stat().st_mtime for path in _files_in(folder)] or [folder.stat().st_mtime]
    return datetime.fromtimestamp(max(times), UTC)


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir()) if folder.is_dir() else []


def _overwrite(path: Path) -> None:
    size = path.stat().st_size
    if path.name.startswith(SEALED):
        size = min(size, HEADER_BYTES)
    with path.open("r+b") as file:
        for at in range(0, size, _BLOCK):
            file.write(bytes(min(_BLOCK, size - at)))
        file.flush()
        os.fsync(file.fileno())
