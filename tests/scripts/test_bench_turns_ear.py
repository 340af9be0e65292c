"""The recogniser that makes no mistakes: what it is told by the sound, and when."""

from collections.abc import Sequence

import numpy as np
import soxr

from rehearsal import mulaw
from rehearsal.ear import HeardEvent, Interim, Pause
from rehearsal.turns.knowing_ear import Callers, KnowingHearing
from rehearsal.turns.mouth import KnownMouth
from rehearsal.turns.sounds import Utterance, cough, utterance

_PARTS: Sequence[str | float] = ("can you please tell me", 0.9, "what the parking costs")


class Line:
    """A caller, and the recogniser at the other end of the line."""

    def __init__(self, callers: Callers, *, rate_hz: int = 8000, seed: int = 1) -> None:
        self.mouth = KnownMouth(noise_dbfs=-80.0, seed=seed)
        callers.add(self.mouth)
        self.rate_hz = rate_hz
        self.ear = KnowingHearing(callers, rate_hz, encoding="linear16")
        self.finals: list[str] = []
        self.interims: list[str] = []

    def speak(self, spoken: Utterance) -> None:
        """As `utter` does, but without a clock to wait for."""
        at = self.mouth.position
        self.mouth.utter(spoken).send(None)
        assert self.mouth.position == at

    async def pass_on(self, seconds: float) -> None:
        for _ in range(round(seconds * 50)):
            frame = mulaw.decode(mulaw.encode(self.mouth.next_frame()))
            if self.rate_hz != 8000:
                frame = soxr.resample(frame, 8000, self.rate_hz).astype(np.int16)
            await self._notice(self.ear.feed(frame.tobytes()))

    async def _notice(self, events: list[HeardEvent]) -> None:
        for event in events:
            match event:
                case Interim(text=text):
                    self.interims.append(text)
                case Pause():
                    self.finals.append(await self.ear.finish())


async def test_a_pause_makes_two_phrases_of_a_sentence_and_each_is_heard_in_full():
    line = Line(Callers())
    await line.pass_on(0.5)
    line.speak(await utterance(_PARTS))
    await line.pass_on(4.5)
    assert line.finals == ["can you please tell me", "what the parking costs"]


async def test_a_phrase_is_not_known_before_its_last_word_was_received():
    line = Line(Callers())
    await line.pass_on(0.5)
    spoken = await utterance(("when do you open in the morning",))
    line.speak(spoken)
    await line.pass_on(spoken.pcm.size / 8000 - 0.06)
    assert line.finals == []
    assert line.interims[-1] == "when do you open in the"
    await line.pass_on(0.1)
    assert line.finals == ["when do you open in the morning"]


async def test_a_cough_has_no_words():
    line = Line(Callers())
    await line.pass_on(0.5)
    line.speak(cough())
    await line.pass_on(1.5)
    assert (line.finals, line.interims) == ([], [])


async def test_two_callers_who_say_different_things_are_told_apart():
    callers = Callers()
    one, other = Line(callers), Line(callers)
    spoken = await utterance(("can i pay with a gift card",))
    one.speak(spoken)
    other.speak((await utterance(("are you open over christmas",))).at_speed(1.02))
    for _ in range(150):
        await one.pass_on(0.02)
        await other.pass_on(0.02)
    assert one.finals == ["can i pay with a gift card"]
    assert other.finals == ["are you open over christmas"]


async def test_a_bot_that_resamples_what_it_hears_is_understood():
    line = Line(Callers(), rate_hz=16_000)
    await line.pass_on(0.5)
    line.speak(await utterance(("yes",)))
    await line.pass_on(1.5)
    assert line.finals == ["yes"]


async def test_a_recogniser_that_was_not_there_from_the_beginning_finds_its_place():
    callers = Callers()
    line = Line(callers)
    line.speak(await utterance(("are you open over christmas",)))
    while line.mouth.speaking:
        line.mouth.next_frame()
    for _ in range(100):
        line.mouth.next_frame()
    line.speak(await utterance(("can i pay with a gift card",)))
    await line.pass_on(3.0)
    assert line.finals == ["can i pay with a gift card"]


async def test_whoever_says_the_same_again_within_seconds_is_heard_again():
    spoken = await utterance(
        ("i should like to tell you something about me",), voice="espeak:en-us+f3@238"
    )
    # Whether the line's noise tells the second time from the first is chance.
    for seed in range(12):
        line = Line(Callers(), seed=seed)
        await line.pass_on(1.0)
        for _ in range(3):
            line.speak(spoken)
            await line.pass_on(round(50 * (spoken.pcm.size / 8000 + 1.0)) / 50)
        assert len(line.finals) == 3, seed
