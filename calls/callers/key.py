"""Callers by a name that tells nothing of their number."""

import contextlib
import hmac
import os
import re
import secrets
from pathlib import Path

KEY_FILE = "callers.key"

# What Twilio gives for a caller who withholds the number: ANONYMOUS, RESTRICTED, BLOCKED,
# UNKNOWN and UNAVAILABLE, on a telephone's letters.
_WITHHELD = {"266696687", "7378742833", "2562533", "8656696", "86282452253"}


def number_of(caller: str) -> str:
    """A telephone number in one form, "" for a caller who is not known by one."""
    digits = re.sub(r"[\s().\-/]", "", caller)
    if not re.fullmatch(r"\+?\d{6,15}", digits):
        return ""
    digits = digits.removeprefix("+").removeprefix("00")
    return "" if digits in _WITHHELD else f"+{digits}"


def key_of(number: str, folder: Path) -> str:
    """The name of a number in the store of a folder; without the folder's key nobody can make it.

    Raises:
        OSError: the key cannot be read or made.
    """
    return hmac.new(_secret(folder / KEY_FILE), number.encode(), "sha256").hexdigest()


def _secret(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return _made(path)


def _made(path: Path) -> bytes:
    """The key of a folder that has none; of several processes that make one, the first's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()
