"""Before the first call: whatever is slow is built, and bots that cannot be built are found."""

from collections.abc import Mapping
from pathlib import Path

from loguru import logger
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport

from calls import models
from calls.bot import Bot
from calls.call import Call
from calls.channel import TELEPHONE_HZ, WEB_AUDIO_OUT_HZ, Channel
from calls.record import CallRecord
from calls.repertoire import repertoire_of
from calls.spare_phrases import SPARE_PHRASES
from services.choice import Choices
from settings import Settings


class Nowhere(BaseTransport):
    """A transport that nobody is at the other end of."""

    def input(self) -> FrameProcessor:
        return IdentityFilter()

    def output(self) -> FrameProcessor:
        return IdentityFilter()


async def warm_up(bots: Mapping[str, Bot], choices: Choices, settings: Settings) -> dict[str, Bot]:
    """Build each bot's pipeline once for the web and once for the phone, and throw it away.

    Returns the bots that can be built. The others are logged with what is wrong.
    """
    models.load()
    ready: dict[str, Bot] = {}
    for name, bot in bots.items():
        try:
            for channel in (
                Channel("web", Nowhere(), WEB_AUDIO_OUT_HZ),
                Channel("phone", Nowhere(), TELEPHONE_HZ),
            ):
                await _try(bot, channel, choices, settings)
        except Exception as error:
            # One bot that is being written must not take the others off the phone.
            logger.opt(exception=error).error(f"{name} is left out, it cannot be built: {error!r}")
            continue
        ready[name] = bot
    return ready


async def _try(bot: Bot, channel: Channel, choices: Choices, settings: Settings) -> None:
    await SPARE_PHRASES.make(bot.spare_words.greeting_with(bot.greeting), channel.audio_out_hz)
    call = Call(
        "warm-up",
        bot=bot,
        channel=channel,
        choices=choices,
        settings=settings,
        record=CallRecord(Path("nowhere"), "warm-up"),
        repertoire=await repertoire_of(bot, choices, settings),
    )
    await bot.build(call)
    await call.prepare()
    call.say_in_advance()
