"""Text on its way to a voice: the first clause of a reply as soon as it stands, then sentences."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable

from pipecat.utils.text.base_text_aggregator import Aggregation, TextType
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

from services.failover.tts.first_clause import LASTING_WORDS, first_clause, opening

# Only the next word makes sure, and then there is a sentence.
_MAYBE_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*(\s|$)")

# The mark that opens the next sentence, taken by Pipecat's aggregator for the end of this one.
_OPENING_MARK = re.compile(r"\s+(?=[\"'“‘(\[]+$)")

# Five times as fast as one speaks: the rest of a long sentence is there before a second is over.
_WORDS_A_SECOND = 15.0


class FirstWords(SimpleTextAggregator):
    """Gives whole sentences, but for the first chunk of a reply.

    A voice waits for its first text; while it speaks, the rest is written. Of "Your parcel left
    our house on Monday, and it should be with you by the end of the week." the first clause is
    there after a third of the tokens: at 80 tokens a second the caller hears the first word some
    0.1 s sooner, at 30 a second some 0.4 s. Where the whole sentence is already there, as when
    an answer was asked for ahead, nothing would be gained, and it stays whole.

    A voice that goes on with a sentence as if it had known all of it (`goes_on`) gets the first
    two words of a model that writes much faster than anyone speaks, and then some more. Where
    something else is still to be heard, as a filler is before the answer, two would save nothing.

    Only English is cut; other languages set their commas otherwise.

    Parameters:
        language: Of the text, a two-letter code.
        goes_on: Whether the voice takes a sentence in pieces.
        speaks: Whether something is still to be heard.

    Attributes:
        ends_word: Whether the last word of what comes next is whole, though no space follows.
    """

    def __init__(
        self,
        *,
        language: str | None = None,
        goes_on: bool = False,
        speaks: Callable[[], bool] = bool,
    ) -> None:
        super().__init__(aggregation_type=TextType.SENTENCE, language=language)
        self._goes_on = goes_on
        self._speaks = speaks
        self.ends_word = False
        self._begun = False
        self._opened = 0
        self._began_s: float | None = None

    async def aggregate(self, text: str) -> AsyncIterator[Aggregation]:
        """Take text, and give what can be said."""
        if self._began_s is None:
            self._began_s = _now_s()
        async for sentence in super().aggregate(text):
            self._begun = True
            yield self._without_opening_mark(sentence)
        if clause := self._first_clause():
            yield clause

    async def flush(self) -> Aggregation | None:
        """The reply is whole: give what is left of it."""
        rest = await super().flush()
        self._next_reply()
        return rest

    async def handle_interruption(self) -> None:
        """What comes next is another reply."""
        await super().handle_interruption()
        self._next_reply()

    async def reset(self) -> None:
        """Begin afresh."""
        await super().reset()
        self._next_reply()

    def _first_clause(self) -> Aggregation | None:
        if self._begun or self.language != "en" or _MAYBE_SENTENCE.search(self._text):
            return None
        more = self._opened > 0 or self._speaks()
        text = self._text + " " if self.ends_word else self._text
        if end := opening(text, more=more) if self._may_open else 0:
            words = len(self._text[:end].split())
            self._opened += words
            self._begun = words >= LASTING_WORDS
        elif self._opened == 0 and (end := first_clause(self._text)):
            self._begun = True
        else:
            return None
        clause, self._text = self._text[:end], self._text[end:]
        return Aggregation(clause.strip(" "), TextType.SENTENCE)

    def _without_opening_mark(self, sentence: Aggregation) -> Aggregation:
        if not (found := _OPENING_MARK.search(sentence.text)):
            return sentence
        self._text = sentence.text[found.end() :] + self._text
        return Aggregation(sentence.text[: found.start()], sentence.type)

    @property
    def _may_open(self) -> bool:
        if not self._goes_on or self._began_s is None:
            return False
        took_s = _now_s() - self._began_s
        return self._opened + len(self._text.split()) >= _WORDS_A_SECOND * took_s

    def _next_reply(self) -> None:
        self._begun = False
        self._opened = 0
        self._began_s = None


def goes_on(service: object) -> bool:
    """Whether a provider's service takes a sentence in pieces, and begins with the first of them.

    Cartesia's does: the pieces of one context are one utterance, and nothing is collected where
    `max_buffer_delay_ms` is 0.
    """
    return getattr(service, "_max_buffer_delay_ms", None) == 0


def _now_s() -> float:
    return asyncio.get_running_loop().time()
