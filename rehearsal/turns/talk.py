"""A caller who holds the timed conversation, line by line, and writes down where everything lay.

The caller says the next line when the answer's last words were heard and it has been quiet for a
moment, or when nothing more is to be expected.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rehearsal.audible import Span
from rehearsal.faults.heard import Listener
from rehearsal.mulaw import Pcm
from rehearsal.playout import Playout
from rehearsal.turns.mouth import KnownMouth
from rehearsal.turns.script import GREETED, Line, Sound
from rehearsal.turns.sounds import Utterance, cough, utterance

_LOOKED_EVERY_S = 0.1
_QUIET_MS = 350
_PAUSE_BEFORE_NEXT_S = 0.35
# Longer than any sentence takes to follow another, and than a filler stands alone.
_NOTHING_MORE_MS = 3500
_NO_ANSWER_S = 9.0
_SLOW_TOOL_S = 6.0
_TURN_AT_MOST_S = 30.0


class Telephone(Protocol):
    """What a caller needs of a telephone, whatever network it is on."""

    mouth: KnownMouth

    @property
    def playout(self) -> Playout: ...
    @property
    def now_s(self) -> float: ...
    @property
    def over(self) -> bool: ...
    async def wait(self, seconds: float) -> None: ...
    def tracks(self) -> tuple[Pcm, Pcm]: ...


@dataclass(frozen=True)
class Intruded:
    """A sound that the caller let hear into an answer, and where it lay."""

    sound: Sound
    span: Span


@dataclass
class Turn:
    """One line and what came of it; times are seconds on the call.

    Attributes:
        spoken: Where the caller's line lies, None if it never came to it.
        ended_s: Until when the answer was waited for.
        heard: Where the answer's last words were heard, None if they were not.
        cut_off: The caller has interrupted the answer.
    """

    line: Line
    spoken: Span | None = None
    ended_s: float = 0.0
    heard: Span | None = None
    cut_off: bool = False
    intruded: list[Intruded] = field(default_factory=list)


@dataclass(frozen=True)
class Speech:
    """How everything sounds that callers say, and the ear for what they are told."""

    lines: Mapping[str, Utterance]
    sounds: Mapping[str, Utterance]
    listener: Listener

    @classmethod
    async def of(cls, lines: Sequence[Line], listener: Listener) -> "Speech":
        """Raises VoiceError."""
        spoken = {line.say: await utterance(line.parts) for line in lines}
        words = {sound.words for line in lines for sound in line.into}
        sounds = {text: await utterance((text,)) if text else cough() for text in words}
        return cls(spoken, sounds, listener)

    def at_speed(self, factor: float) -> "Speech":
        """The same of another caller."""
        return Speech(
            {say: spoken.at_speed(factor) for say, spoken in self.lines.items()},
            {words: sound.at_speed(factor) for words, sound in self.sounds.items()},
            self.listener,
        )


@dataclass
class Talk:
    """Holds the conversation; afterwards `turns` tells what there is to measure.

    `greeted_s`: when something was first heard; None: never.
    """

    phone: Telephone
    speech: Speech
    turns: list[Turn] = field(default_factory=list)
    greeted_s: float | None = None

    async def run(self, lines: Sequence[Line]) -> None:
        """Speak the lines, one after the other. Raises ConnectionError if the call ends before."""
        await self._listen(GREETED, 0.0, _NO_ANSWER_S)
        self.greeted_s = self.phone.playout.first_audible_after(0.0)
        for place, line in enumerate(lines):
            turn = Turn(line)
            self.turns.append(turn)
            if line.interrupts_after_s is None:
                await self.phone.wait(_PAUSE_BEFORE_NEXT_S)
            next_line = lines[place + 1] if place + 1 < len(lines) else None
            await self._speak_and_listen(turn, next_line)

    async def _speak_and_listen(self, turn: Turn, next_line: Line | None) -> None:
        line = turn.line
        turn.spoken = await self._utter(self.speech.lines[line.say])
        asked_s = turn.spoken.end_s
        if next_line is not None and next_line.interrupts_after_s is not None:
            turn.cut_off = True
            await self._into_answer(asked_s, next_line.interrupts_after_s)
            turn.ended_s = self.phone.now_s
            return
        for sound in line.into:
            if not await self._into_answer(asked_s, sound.after_s):
                break
            span = await self._utter(self.speech.sounds[sound.words])
            turn.intruded.append(Intruded(sound, span))
        gives_up_s = _NO_ANSWER_S + (_SLOW_TOOL_S if line.kind == "slow tool" else 0.0)
        turn.heard = await self._listen(line.heard, asked_s, gives_up_s)
        turn.ended_s = self.phone.now_s

    async def _into_answer(self, asked_s: float, after_s: float) -> bool:
        """Until so long after the answer's first sound. False: it will not come to that."""
        first_s: float | None = None
        while not self.phone.over and self.phone.now_s < asked_s + _NO_ANSWER_S:
            if first_s is None and self.phone.playout.silent_for_ms(since_s=asked_s) is not None:
                first_s = self.phone.playout.first_audible_after(asked_s)
            if first_s is not None and self.phone.now_s >= first_s + after_s:
                return True
            await self.phone.wait(0.02)
        return False

    async def _listen(self, words: str, asked_s: float, gives_up_s: float) -> Span | None:
        """Where the words were heard, once it is quiet after them; None: they do not come."""
        looked_at_s = -1.0
        while not self.phone.over:
            await self.phone.wait(_LOOKED_EVERY_S)
            now_s = self.phone.now_s
            silent_ms = self.phone.playout.silent_for_ms(since_s=asked_s)
            if silent_ms is None:
                if now_s - asked_s > gives_up_s:
                    return None
                continue
            quiet_since_s = now_s - silent_ms / 1000
            if silent_ms >= _QUIET_MS and quiet_since_s - looked_at_s > 0.05:
                looked_at_s = quiet_since_s
                if (heard := await self._find(words, asked_s)) is not None:
                    return heard
            waited_ms = _NOTHING_MORE_MS + (gives_up_s - _NO_ANSWER_S) * 1000
            if silent_ms > waited_ms or now_s - asked_s > _TURN_AT_MOST_S:
                return None
        raise ConnectionError("The call was over before its last line.")

    async def _find(self, words: str, asked_s: float) -> Span | None:
        # On a thread: the telephone must go on playing.
        track: Pcm = self.phone.playout.track()
        found = await asyncio.to_thread(
            self.speech.listener.find, words, track, from_s=max(0.0, asked_s - 0.1)
        )
        return found[-1].span if found else None

    async def _utter(self, spoken: Utterance) -> Span:
        if self.phone.over:
            raise ConnectionError("The call was over before its last line.")
        try:
            return await self.phone.mouth.utter(spoken)
        except asyncio.CancelledError:
            if self.phone.over:
                raise ConnectionError("The call ended while the caller spoke.") from None
            raise
