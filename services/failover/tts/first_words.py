"""Text on its way to a voice: the first clause of a reply as soon as it stands, then sentences."""

import re
from collections.abc import AsyncIterator

from pipecat.utils.text.base_text_aggregator import Aggregation, TextType
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

from services.failover.tts.first_clause import first_clause

# Only the next word makes sure, and then there is a sentence.
_MAYBE_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*(\s|$)")


class FirstWords(SimpleTextAggregator):
    """Gives whole sentences, but for the first chunk of a reply.

    A voice waits for its first text; while it speaks, the rest is written. Of "Your parcel left
    our house on Monday, and it should be with you by the end of the week." the first clause is
    there after a third of the tokens: at 80 tokens a second the caller hears the first word some
    0.1 s sooner, at 30 a second some 0.4 s. Where the whole sentence is already there, as when
    an answer was asked for ahead, nothing would be gained, and it stays whole.

    Only English is cut; other languages set their commas otherwise.
    """

    def __init__(self, *, language: str | None = None) -> None:
        super().__init__(aggregation_type=TextType.SENTENCE, language=language)
        self._begun = False

    async def aggregate(self, text: str) -> AsyncIterator[Aggregation]:
        """Take text, and give what can be said."""
        async for sentence in super().aggregate(text):
            self._begun = True
            yield sentence
        if clause := self._first_clause():
            yield clause

    async def flush(self) -> Aggregation | None:
        """The reply is whole: give what is left of it."""
        rest = await super().flush()
        self._begun = False
        return rest

    async def handle_interruption(self) -> None:
        """What comes next is another reply."""
        await super().handle_interruption()
        self._begun = False

    async def reset(self) -> None:
        """Begin afresh."""
        await super().reset()
        self._begun = False

    def _first_clause(self) -> Aggregation | None:
        if self._begun or self.language != "en" or _MAYBE_SENTENCE.search(self._text):
            return None
        end = first_clause(self._text)
        if not end:
            return None
        self._begun = True
        clause, self._text = self._text[:end], self._text[end:]
        return Aggregation(clause.strip(" "), TextType.SENTENCE)
