"""A caller who holds a scripted conversation with a bot whose providers fail, and what was heard.

Dead air: the longest stretch without audible bot audio, at the telephone's playout, while the bot
owes something. It owes its greeting from when the line opens to its last sound before the caller
speaks, and an answer from the end of the caller's speech until the last phrase of that answer was
heard. Silence within an answer counts, and so does the silence before the call ends without the
answer. It owes nothing once it has asked for the line again, or while the caller speaks. A caller
whose patience ends (twelve seconds without a sound, unless told otherwise) goes on with the next
line, and rings off when that happens twice running.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rehearsal.audible import Span, longest_silence_ms
from rehearsal.faults.heard import Listener
from rehearsal.faults.script import ASKS_AGAIN, GREETED, Line
from rehearsal.mulaw import Pcm
from rehearsal.phone import TwilioPhone

_QUIET_MS = 450
_NO_GREETING_MS = 2000  # whatever was said, it was the greeting
_TURN_AT_MOST_S = 45.0
_LOOKED_EVERY_S = 0.15
_MOST_REPEATS = 2
_INTERRUPTED_AFTER_S = 1.0

Came = Literal["answered", "asked again", "interrupted", "nothing", "call over"]


@dataclass(frozen=True)
class Owed:
    """From when to when the bot owed the caller something, in seconds on the call."""

    start_s: float
    end_s: float


@dataclass
class Turn:
    """One line of the caller and what came of it.

    `spoken`: where the line lies, None if it never came to it; of a repeated line the first time.
    `ended_s`: until when the answer was waited for.
    """

    line: Line
    came: Came = "call over"
    spoken: Span | None = None
    ended_s: float = 0.0
    repeats: int = 0


@dataclass(frozen=True)
class Patience:
    """How long the caller waits for a sound, and how often in vain before ringing off."""

    gives_up_s: float = 12.0
    in_vain: int = 2


@dataclass
class Conversation:
    """Holds the conversation; afterwards `turns` and `owed` tell what there is to judge.

    Attributes:
        before_line: Awaited before each line with its place, from 0.
        before_words: Called with what the caller says now, be it the first time or again.
        while_answered: Called when the answer to the line at that place is first heard.
        phrases: What to wait for in the answer to a line.
        interrupts: Whether to speak the last line into the answer before it.
        asks_again: Phrases after which the caller says the line once more.
    """

    phone: TwilioPhone
    listener: Listener
    speech: Mapping[str, Pcm]
    before_line: Callable[[int], Awaitable[None]]
    phrases: Callable[[Line], Sequence[Sequence[str]]]
    before_words: Callable[[str], None] = lambda _: None
    while_answered: Callable[[int], None] = lambda _: None
    interrupts: bool = False
    patience: Patience = field(default_factory=Patience)
    asks_again: Sequence[str] = tuple(ASKS_AGAIN)
    turns: list[Turn] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)

    async def run(self, lines: Sequence[Line]) -> None:
        """Speak the lines, one after the other."""
        self.turns = [Turn(line) for line in lines]
        await self._be_greeted()
        in_vain = 0
        for place, turn in enumerate(self.turns):
            await self.before_line(place)
            await self._speak_and_listen(place, turn)
            in_vain = in_vain + 1 if turn.came == "nothing" else 0
            if turn.came == "call over" or in_vain == self.patience.in_vain:
                return

    async def _be_greeted(self) -> None:
        while self.phone.now_s < self.patience.gives_up_s and not self.phone.over:
            silent_ms = self.phone.playout.silent_for_ms() or 0.0
            if silent_ms >= _QUIET_MS and self.listener.heard(GREETED, self.phone.playout.track()):
                break
            if silent_ms >= _NO_GREETING_MS:
                break
            await self.phone.wait(_LOOKED_EVERY_S)
        spans = self.phone.playout.spans()
        self.owed.append(Owed(0.0, spans[-1].end_s if spans else self.phone.now_s))

    async def _speak_and_listen(self, place: int, turn: Turn) -> None:
        while True:
            self.before_words(turn.line.say)
            try:
                spoken = await self.phone.say(self.speech[turn.line.say])
            except ConnectionError:
                turn.came = "call over"
                return
            turn.spoken = turn.spoken or spoken
            turn.came = await self._listen(place, turn.line, spoken)
            turn.ended_s = self.phone.now_s
            self.owed.append(Owed(spoken.end_s, self._owed_until(turn.came)))
            if turn.came != "asked again" or turn.repeats == _MOST_REPEATS:
                return
            turn.repeats += 1

    async def _listen(self, place: int, line: Line, spoken: Span) -> Came:
        asked_s, told = spoken.end_s, False
        looked_at_s = -1.0
        while not self.phone.over:
            await self.phone.wait(_LOOKED_EVERY_S)
            silent_ms = self.phone.playout.silent_for_ms(since_s=asked_s)
            if silent_ms is not None and not told:
                told = True
                self.while_answered(place)
                if self.interrupts and place == len(self.turns) - 2:
                    await self.phone.wait(_INTERRUPTED_AFTER_S)
                    return "interrupted"
            quiet_since_s = asked_s if silent_ms is None else self.phone.now_s - silent_ms / 1000
            if self._quiet(asked_s) and quiet_since_s - looked_at_s > 0.05:
                looked_at_s = quiet_since_s
                if came := await self._recognised(line, asked_s):
                    return came
            now_s = self.phone.now_s
            waited_s = now_s - quiet_since_s
            if waited_s > self.patience.gives_up_s or now_s - asked_s > _TURN_AT_MOST_S:
                return "nothing"
        return await self._recognised(line, asked_s) or "call over"

    async def _recognised(self, line: Line, asked_s: float) -> Came | None:
        # On a thread: the telephone must go on playing.
        track = self.phone.playout.track()
        return await asyncio.to_thread(self._recognised_in, track, line, asked_s)

    def _recognised_in(self, track: Pcm, line: Line, asked_s: float) -> Came | None:
        for phrases in self.phrases(line):
            if self.listener.heard(phrases[-1], track, from_s=asked_s):
                return "answered"
        for phrase in self.asks_again:
            if self.listener.heard(phrase, track, from_s=asked_s):
                return "asked again"
        return None

    def _quiet(self, since_s: float) -> bool:
        silent_ms = self.phone.playout.silent_for_ms(since_s=since_s)
        return silent_ms is not None and silent_ms >= _QUIET_MS

    def _owed_until(self, came: Came) -> float:
        if came in ("answered", "asked again", "interrupted"):
            return self.phone.playout.spans()[-1].end_s
        return self.phone.now_s


def dead_air_ms(spans: Sequence[Span], owed: Sequence[Owed]) -> float:
    """The longest silence while something was owed, in milliseconds; 0 if nothing ever was."""
    return max(
        (longest_silence_ms(list(spans), start_s=o.start_s, end_s=o.end_s) for o in owed),
        default=0.0,
    )
