"""Which version of a bot answers."""

import hashlib
import inspect
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from calls.bot import BuildPipeline

_DIGITS = 12


@cache
def version_of(build: BuildPipeline) -> str:
    """Switchboard's version and the hash of the bot's file, as in "0.1.0+3f2a9c1b5d7e"."""
    try:
        own = version("switchboard")
    except PackageNotFoundError:
        own = "0"
    try:
        source = Path(inspect.getsourcefile(inspect.unwrap(build)) or "").read_bytes()
    except (OSError, TypeError):
        return own
    return f"{own}+{hashlib.sha256(source).hexdigest()[:_DIGITS]}"
