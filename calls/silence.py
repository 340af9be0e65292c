"""The bound on a call's silence: what is said at it, what is kept of it, and how it ends."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from loguru import logger

from calls.redirect import RedirectFailed
from calls.spare_phrases import SPARE_PHRASES
from processors.silence.phrases import SparePhrase
from processors.silence.report import BoundReached
from processors.silence_bound import SilenceBound
from settings import Settings

if TYPE_CHECKING:
    from calls.call import Call

GAVE_UP = "no answer could be given"

# From giving up to hanging up: the words of the goodbye, and then some.
_END_AT_MOST_S = 12.0


def silence_bound(call: "Call", audio_out_hz: int, settings: Settings) -> SilenceBound:
    """What stands before the way out of a call."""
    words = call.bot.spare_words.greeting_with(call.bot.greeting)

    def reached(bound: BoundReached) -> None:
        logger.warning(f"The caller has heard nothing for too long: {bound}")
        call.record.note("silence_bound", **asdict(bound))

    return SilenceBound(
        in_own_voice(SPARE_PHRASES.of(words, audio_out_hz), call.in_own_voice),
        bound_ms=settings.silence_bound_ms,
        on_bound=reached,
        on_dead_air=lambda dead_air: call.record.note("dead_air", **asdict(dead_air)),
        give_up=lambda: _give_up(call),
    )


def in_own_voice(
    phrases: Iterable[SparePhrase], audio_of: Callable[[str], bytes | None]
) -> list[SparePhrase]:
    """The phrases as the bot's own voice said them, where it did; else the embedded one's."""
    return [replace(phrase, audio=audio_of(phrase.text) or phrase.audio) for phrase in phrases]


_PARTING: set[asyncio.Task[None]] = set()


async def _give_up(call: "Call") -> None:
    """No answer can be given: a person, where one can be had, or a polite end."""
    if call.channel == "phone" and call.handoff_number:
        try:
            await call.redirect(call.handoff_number)
            return
        except RedirectFailed as error:
            logger.error(f"Nobody to hand over to: {error}")
    await call.end_after_words(GAVE_UP, "error")
    # A stage that hangs keeps the end from coming through.
    task = asyncio.ensure_future(_cut_at_the_latest(call))
    _PARTING.add(task)
    task.add_done_callback(_PARTING.discard)


async def _cut_at_the_latest(call: "Call") -> None:
    await asyncio.sleep(_END_AT_MOST_S)
    await call.cut(GAVE_UP, "error")
