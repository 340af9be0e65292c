"""Remembering one caller: before the call, and after it. Never in its way."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from loguru import logger

from calls.callers.key import key_of, number_of
from calls.callers.memory import LONGEST_MEMORY, section
from calls.callers.store import CallerStore, SqliteCallerStore
from calls.redaction import Redactor
from settings import Settings

if TYPE_CHECKING:
    from calls.call import Call

# The greeting waits for what is remembered.
_RECALL_AT_MOST_S = 0.1

Result = TypeVar("Result")


class Remembering:
    """What one bot remembers of one caller.

    A store that is locked, broken or full is said in the log, and the call goes on without.

    Parameters:
        store: Keeps it.
        folder: Holds the key by which callers are named.
        number: The caller's.
        bot: The bot's name.
        redactor: What a memory goes through before it is kept.
    """

    def __init__(
        self,
        store: CallerStore,
        *,
        folder: Path,
        number: str,
        bot: str,
        redactor: Redactor | None = None,
    ) -> None:
        self._store = store
        self._folder = folder
        self._number = number
        self._bot = bot
        self._redactor = redactor or Redactor("everything")

    async def section(self) -> str:
        """For the bot's instructions; "" where nothing is remembered or it takes too long."""
        recalled = self._try("recalled", lambda: self._store.recall(self._key(), self._bot))
        try:
            async with asyncio.timeout(_RECALL_AT_MOST_S):
                return section(await recalled or ())
        except TimeoutError:
            logger.error("This caller is taken for a new one: recalling takes too long.")
            return ""

    async def keep(self, text: str) -> None:
        """Keep a memory of the call that is over."""
        if text := self._kept_of(text.strip())[:LONGEST_MEMORY]:
            await self._try("kept", lambda: self._store.keep(self._key(), self._bot, text))

    def _kept_of(self, text: str) -> str:
        # It tells of tools' results as well.
        return self._redactor.facts("tool", {"result": text})["result"] or ""

    def _key(self) -> str:
        return key_of(self._number, self._folder)

    async def _try(self, what: str, job: Callable[[], Result]) -> Result | None:
        try:
            return await asyncio.to_thread(job)
        except (OSError, sqlite3.Error) as error:
            logger.error(f"Nothing is {what} of this caller: {error!r}")
            return None


def remembering(
    call: "Call", settings: Settings, redactor: Redactor | None = None
) -> Remembering | None:
    """What remembers a call's caller; None where nobody is to be remembered.

    That takes a bot that says so, a caller whose number is shown, and that words may be kept.
    """
    number = number_of(call.caller)
    wordless = redactor is not None and redactor.policy == "metadata only"
    if wordless or not (call.bot.remembers_callers and number):
        return None
    store = SqliteCallerStore(settings.data_dir)
    return Remembering(
        store, folder=settings.data_dir, number=number, bot=call.bot.name, redactor=redactor
    )
