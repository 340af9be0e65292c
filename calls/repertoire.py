"""What a bot says again and again, and the cache that its calls keep it in."""

from pipecat.utils.text.base_text_aggregator import BaseTextAggregator

from calls.bot import Bot
from calls.quiet_caller import LETTING_GO, STILL_THERE
from processors.speakable.whole import speakable
from services.choice import Choices
from services.failover.llm.backed import APOLOGY
from services.failover.tts.first_words import FirstWords
from services.phrases.cache import cache_in
from services.phrases.repertoire import Repertoire
from settings import Settings

_MB = 1_000_000
_KNOWN: dict[str, tuple[Bot, tuple[str, ...]]] = {}


async def repertoire_of(bot: Bot, choices: Choices, settings: Settings) -> Repertoire | None:
    """What the calls of a bot find and keep; None where nothing is to be kept."""
    if not settings.phrase_cache_mb:
        return None
    cache = cache_in(settings.data_dir / "cache" / "phrases", settings.phrase_cache_mb * _MB)
    await cache.open()
    addresses = {choice.name: address for choice in choices["tts"] if (address := choice.address)}
    return Repertoire(cache, await _texts_once(bot), addresses)


async def texts_of(bot: Bot) -> list[str]:
    """The texts, each as a voice is given it, the first that a caller may hear first."""
    answers = [text for faq in bot.faq for text in await _in_sentences(faq.answer, FirstWords())]
    fillers = [phrase.strip() for phrases in bot.phrases.values() for phrase in phrases]
    spare_words = bot.spare_words.greeting_with(bot.greeting).by_step()
    spare = [text for texts in spare_words.values() for text in texts]
    return [bot.greeting, *answers, *fillers, APOLOGY, STILL_THERE, LETTING_GO, *spare]


async def _texts_once(bot: Bot) -> tuple[str, ...]:
    known = _KNOWN.get(bot.name)
    if known is None or known[0] is not bot:
        known = _KNOWN[bot.name] = bot, tuple(await texts_of(bot))
    return known[1]


async def _in_sentences(answer: str, aggregator: BaseTextAggregator) -> list[str]:
    """An answer as the text-to-speech service cuts it when the language model gives it whole."""
    chunks = [chunk for part in speakable(answer) async for chunk in aggregator.aggregate(part)]
    if rest := await aggregator.flush():
        chunks.append(rest)
    return [chunk.text for chunk in chunks]
