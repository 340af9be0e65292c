"""Which version of a bot took a call."""

import functools
import hashlib
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from calls.bot import Bot


def version_of(bot: Bot) -> str:
    """The release of Switchboard and a mark of the bot's own file, as in `0.1.0+3f9a61c2`."""
    return _version(getattr(sys.modules.get(bot.build.__module__), "__file__", None) or "")


@functools.cache
def _version(file: str) -> str:
    try:
        release = version("switchboard")
    except PackageNotFoundError:
        release = "0"
    try:
        mark = hashlib.sha256(Path(file).read_bytes()).hexdigest()[:8]
    except OSError:
        return release
    return f"{release}+{mark}"
