"""The phrases that a silence bound says, ready to be played, and which of them comes next."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pipecat.audio.utils import create_file_resampler
from pipecat.frames.frames import (
    Frame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.utils.text.base_text_aggregator import TextType


class Step(StrEnum):
    """What is said once the bound is reached."""

    WELCOME = "welcome"
    """The greeting did not come: a plain one instead."""
    LISTENING = "listening"
    """No words have come of what the caller said: the caller may be thinking, or not be heard."""
    MOMENT = "moment"
    """The answer is late."""
    ASK_AGAIN = "ask-again"
    """The answer is given up, and the caller asked to repeat."""
    GOODBYE = "goodbye"
    """The call is given up."""


@dataclass(frozen=True)
class SparePhrase:
    """Words with their audio.

    Attributes:
        step: When it fits.
        text: As the page shows it.
        audio: 16-bit mono samples.
        sample_rate_hz: Of the audio; the rate that leaves the transport saves resampling.
    """

    step: Step
    text: str
    audio: bytes
    sample_rate_hz: int

    async def at_rate(self, rate_hz: int) -> "SparePhrase":
        """The same phrase, its audio at another rate."""
        audio = await create_file_resampler().resample(self.audio, self.sample_rate_hz, rate_hz)
        return dataclasses.replace(self, audio=audio, sample_rate_hz=rate_hz)

    def frames(self, context_id: str) -> list[Frame]:
        """The utterance as the transport plays it: shown, and kept out of the model's context."""
        text = TTSTextFrame(self.text, TextType.SENTENCE, context_id=context_id)
        text.append_to_context = False
        text.will_be_spoken = True
        return [
            TTSStartedFrame(context_id=context_id, append_to_context=False),
            text,
            # In one frame: audio that comes at the same time cannot get in between.
            TTSAudioRawFrame(self.audio, self.sample_rate_hz, 1, context_id=context_id),
            TTSStoppedFrame(context_id=context_id),
        ]


_BORROWED = {Step.LISTENING: Step.MOMENT, Step.WELCOME: Step.MOMENT}


class PhraseChoice:
    """Takes the phrases of a step in turn, and none twice running while there is another.

    A step without phrases of its own borrows those that say nothing wrong in its place.
    """

    def __init__(self, phrases: Iterable[SparePhrase]) -> None:
        self._phrases = [phrase for phrase in phrases if phrase.audio]
        self._said: list[SparePhrase] = []

    def __bool__(self) -> bool:
        return bool(self._phrases)

    def has(self, step: Step) -> bool:
        """Whether there are phrases of the very step."""
        return any(phrase.step is step for phrase in self._phrases)

    def next(self, step: Step) -> SparePhrase | None:
        """The phrase to say now; None when nothing fits."""
        if not self.has(step):
            step = _BORROWED.get(step, step)
        fitting = [phrase for phrase in self._phrases if phrase.step is step]
        if not fitting:
            return None
        # The one said longest ago, or never: those come first in the order given.
        phrase = min(fitting, key=self._when_said)
        self._said = [p for p in self._said if p is not phrase] + [phrase]
        return phrase

    def _when_said(self, phrase: SparePhrase) -> int:
        return next((i for i, said in enumerate(self._said) if said is phrase), -1)
