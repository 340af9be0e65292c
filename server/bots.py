"""The bots of the house: every file in `bots/` that has a `bot`."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace

from loguru import logger

import bots
from calls.bot import Bot


class UnknownBot(LookupError):
    """There is no bot of that name. The message lists those there are."""


def find_bots() -> dict[str, Bot]:
    """Every bot by its file's name. A file that cannot be used is left out, and said so."""
    found: dict[str, Bot] = {}
    for module in pkgutil.iter_modules(bots.__path__):
        try:
            bot = getattr(importlib.import_module(f"bots.{module.name}"), "bot", None)
        except Exception as error:
            # One bot that is being written must not take the others off the phone.
            logger.opt(exception=error).error(f"bots/{module.name}.py is left out: {error!r}")
            continue
        if isinstance(bot, Bot):
            found[module.name] = replace(bot, name=module.name)
        else:
            logger.warning(f"bots/{module.name}.py is left out: it has no `bot = as_bot(...)`.")
    return found


def named(found: Mapping[str, Bot], name: str | None) -> Bot:
    """The bot called `name`.

    Raises:
        UnknownBot: naming the bots there are.
    """
    if name is not None and name in found:
        return found[name]
    there_are = ", ".join(found) or "none: add a file to bots/"
    raise UnknownBot(f'There is no bot "{name or ""}". There are: {there_are}.')
