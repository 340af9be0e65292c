"""What is kept of calls in files of their own: recordings, events, what the webhook owes."""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

RECORDINGS = "recordings"
CALL_FILES = "calls"
OWED = "webhook"
KINDS = (RECORDINGS, CALL_FILES, OWED)

_BLOCK = 1 << 20
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def files_of(folder: Path, ids: Iterable[str], kind: str) -> list[Path]:
    """Every file of one kind that these calls have in a data folder."""
    if kind == OWED:
        return [path for path in (folder / OWED / owed_name(i) for i in ids) if path.exists()]
    named = (call_id for call_id in ids if Path(call_id).name == call_id and call_id != "..")
    if kind == RECORDINGS:
        folders = (folder / RECORDINGS / call_id for call_id in named)
        return [path for one in folders for path in sorted(one.rglob("*")) if path.is_file()]
    paths = (folder / CALL_FILES / f"{call_id}.jsonl" for call_id in named)
    return [path for path in paths if path.exists()]


def owed_name(call_id: str) -> str:
    """Of the file that says that a call is to be told of. Some ids come from outside."""
    safe = _SAFE_ID.fullmatch(call_id)
    return f"{call_id if safe else hashlib.sha256(call_id.encode()).hexdigest()}.json"


def erase_files(folder: Path, ids: Iterable[str], kind: str) -> None:
    """Overwrite and remove the files of these calls, and the folders that they leave empty.

    Raises:
        OSError: one of them could not be erased.
    """
    for path in files_of(folder, ids, kind):
        try:
            _overwrite(path)
            path.unlink()
        except FileNotFoundError:  # whoever else has to do with it was quicker
            continue
        if path.parent != folder / kind and not any(path.parent.iterdir()):
            path.parent.rmdir()


def _overwrite(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        for at in range(0, size, _BLOCK):
            file.write(bytes(min(_BLOCK, size - at)))
        file.flush()
        os.fsync(file.fileno())
