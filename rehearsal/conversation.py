"""A scripted conversation on a telephone: say a line, wait for the answer, measure, compare.

Every time comes from the audio: what the caller truly spoke and what the telephone truly played.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rehearsal.audible import Span
from rehearsal.mulaw import Pcm
from rehearsal.phone import TwilioPhone

WordsSince = Callable[[float], str]
"""The bot's words that were heard from a moment (seconds on the call) on."""


class ScriptLine(Protocol):
    """What the caller says, and a regular expression for what the bot then should say."""

    @property
    def say(self) -> str: ...

    @property
    def expect(self) -> str: ...


@dataclass
class Turn:
    """One line of the caller and the bot's answer to it; the first has no caller's line.

    `spoken` and `answer` lie on the call's clock. `problem` is empty when all went as expected.
    """

    said: str = ""
    expect: str = ""
    spoken: Span | None = None
    answer: Span | None = None
    words: str = ""
    voice_to_voice_ms: float | None = None
    dead_air_ms: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class Patience:
    """How long the caller waits.

    timeout_s: for the bot to be heard at all. quiet_ms: the silence that ends the bot's turn.
    afterthought_ms: further silence granted while the expected words have not come (a filler
    such as "one moment" was not the answer yet).
    """

    timeout_s: float = 8.0
    quiet_ms: float = 900
    afterthought_ms: float = 3000


@dataclass
class Conversation:
    """Runs a script over a dialled telephone; `turns[0]` is the greeting."""

    phone: TwilioPhone
    speak: Callable[[str], Awaitable[Pcm]]
    words_since: WordsSince
    patience: Patience = field(default_factory=Patience)
    on_turn: Callable[[Turn], None] = lambda turn: None
    turns: list[Turn] = field(default_factory=list)

    async def run(self, lines: Sequence[ScriptLine]) -> list[Turn]:
        """Wait for the greeting, then speak the lines one after the other."""
        speech = [await self.speak(line.say) for line in lines]
        await self._listen(Turn())
        for line, pcm in zip(lines, speech, strict=True):
            turn = Turn(said=line.say, expect=line.expect)
            if self.phone.over:
                turn.problem = "The call was over before this line."
                self._keep(turn)
                continue
            await self._speak_and_listen(turn, pcm)
        return self.turns

    @property
    def problems(self) -> list[str]:
        """What went wrong, in order; what befell several lines is said once."""
        return list(dict.fromkeys(turn.problem for turn in self.turns if turn.problem))

    async def _speak_and_listen(self, turn: Turn, pcm: Pcm) -> None:
        try:
            turn.spoken = await self.phone.say(pcm)
        except ConnectionError as error:
            turn.problem = str(error)
            self._keep(turn)
            return
        await self._listen(turn)

    async def _listen(self, turn: Turn) -> None:
        asked_s = turn.spoken.start_s if turn.spoken else 0.0
        owed_from_s = turn.spoken.end_s if turn.spoken else 0.0
        try:
            await self.phone.wait_for_answer(
                after_s=owed_from_s,
                quiet_ms=self.patience.quiet_ms,
                timeout_s=self.patience.timeout_s,
            )
            await self._hear_out(turn, asked_s=asked_s, owed_from_s=owed_from_s)
        except (TimeoutError, ConnectionError) as error:
            turn.problem = str(error)
        turn.words = self.words_since(asked_s)
        self._measure(turn, owed_from_s)
        if not turn.problem and not _matches(turn):
            turn.problem = f'Expected /{turn.expect}/, but heard "{turn.words}".'
        self._keep(turn)

    async def _hear_out(self, turn: Turn, *, asked_s: float, owed_from_s: float) -> None:
        """Until the bot has been silent, and the expected words came or no longer will."""
        allowed_ms = self.patience.quiet_ms + self.patience.afterthought_ms
        while not self.phone.over:
            silent_ms = self.phone.playout.silent_for_ms(since_s=owed_from_s) or 0.0
            turn.words = self.words_since(asked_s)
            if silent_ms >= self.patience.quiet_ms and _matches(turn):
                return
            if silent_ms >= allowed_ms:
                return
            await self.phone.wait(0.1)

    def _measure(self, turn: Turn, owed_from_s: float) -> None:
        playout = self.phone.playout
        first_s = playout.first_audible_after(owed_from_s)
        if first_s is None:
            turn.dead_air_ms = (playout.played_s - owed_from_s) * 1000
            return
        turn.answer = Span(first_s, playout.spans()[-1].end_s)
        if turn.spoken is not None:
            turn.voice_to_voice_ms = (first_s - owed_from_s) * 1000
        turn.dead_air_ms = playout.dead_air_ms(start_s=owed_from_s, end_s=turn.answer.end_s)

    def _keep(self, turn: Turn) -> None:
        self.turns.append(turn)
        self.on_turn(turn)


def _matches(turn: Turn) -> bool:
    return re.search(turn.expect, turn.words, re.IGNORECASE) is not None
