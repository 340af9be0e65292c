"""Where recordings lie, and how one is made or opened."""

import os
import re
from pathlib import Path

from calls.recording.sealed_file import SealedFile
from calls.recording.sound_file import (
    PLAIN,
    SEALED,
    UNFINISHED,
    NotARecording,
    SoundFile,
    WavFile,
)

FOLDER = "recordings"
# It becomes the name of a folder.
_CALL_ID = re.compile(r"\w[\w.-]{0,127}", re.ASCII)


def folder_of(data_dir: Path, call_id: str) -> Path:
    """Where all lies that there is of a call's sound.

    Raises:
        ValueError: No call has such an id.
    """
    if not _CALL_ID.fullmatch(call_id):
        raise ValueError(f"{call_id!r} is no call's id.")
    return data_dir / FOLDER / call_id


def recording_of(data_dir: Path, call_id: str) -> Path | None:
    """The finished recording of a call. None: there is none, or it is not to be played yet."""
    folder = folder_of(data_dir, call_id)
    return next((p for name in (PLAIN, SEALED) if (p := folder / name).exists()), None)


def unfinished_of(data_dir: Path, call_id: str) -> Path | None:
    """The recording of a call that runs, or whose process died."""
    folder = folder_of(data_dir, call_id)
    names = (PLAIN + UNFINISHED, SEALED + UNFINISHED)
    return next((p for name in names if (p := folder / name).exists()), None)


def create(path: Path, rate_hz: int, key: bytes | None) -> SoundFile:
    """A new file, sealed if there is a key.

    Raises:
        OSError: from the disk.
    """
    return SealedFile.create(path, rate_hz, key) if key else WavFile.create(path, rate_hz)


def open_file(path: Path, key: bytes | None, *, writable: bool = False) -> SoundFile:
    """A file that is there.

    Raises:
        NotARecording: It is none.
        WrongKey: It is sealed with another key than this one.
        OSError: from the disk.
    """
    match path.name.removesuffix(UNFINISHED):
        case name if name == PLAIN:
            return WavFile.open(path, writable=writable)
        case name if name == SEALED:
            return SealedFile.open(path, key, writable=writable)
    raise NotARecording(f"{path} is no recording of a call.")


def append(path: Path, text: str) -> None:
    """Add to a file that nobody else may read.

    Raises:
        OSError: from the disk.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(text)
