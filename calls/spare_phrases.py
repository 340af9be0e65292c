"""Phrases for when nothing else speaks: made before they are needed, by a voice in this process."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from loguru import logger
from pipecat.audio.utils import create_file_resampler

from processors.silence.phrases import SparePhrase, Step
from services.embedded import espeak


@dataclass(frozen=True)
class SpareWords:
    """What a bot says when an answer is late or does not come.

    Where there are several phrases, no two calls for help in a row sound the same.

    Parameters:
        welcome: In place of a greeting that does not come.
        listening: No words have come of what the caller said.
        moment: The answer is late.
        ask_again: The answer is given up.
        goodbye: The call is given up; it is ended after this.
        voice: Of the embedded engine, such as "en-us" or "de+f2".
    """

    welcome: tuple[str, ...]
    listening: tuple[str, ...]
    moment: tuple[str, ...]
    ask_again: tuple[str, ...]
    goodbye: tuple[str, ...]
    voice: str = "en-us"

    def by_step(self) -> dict[Step, tuple[str, ...]]:
        return {
            Step.WELCOME: self.welcome,
            Step.LISTENING: self.listening,
            Step.MOMENT: self.moment,
            Step.ASK_AGAIN: self.ask_again,
            Step.GOODBYE: self.goodbye,
        }

    def greeting_with(self, greeting: str) -> "SpareWords":
        """The same words, with a bot's own greeting, if it has one."""
        return replace(self, welcome=(greeting,)) if greeting.strip() else self


ENGLISH = SpareWords(
    welcome=("Hello. How can I help you?",),
    listening=("I am here, go ahead.", "I am listening."),
    moment=(
        "Sorry, that is taking a moment.",
        "One more moment, please.",
        "Sorry, this takes longer than usual.",
    ),
    ask_again=(
        "I am sorry, I did not get that. Could you say it again?",
        "I am sorry, something went wrong here. Could you please repeat that?",
    ),
    goodbye=(
        "I am very sorry, I cannot help you right now. Please call again a little later. Goodbye.",
    ),
)


class _Key(NamedTuple):
    text: str
    sample_rate_hz: int
    voice: str


class SparePhrases:
    """The audio of phrases, by text and rate, kept for all calls of the process."""

    def __init__(self) -> None:
        self._audio: dict[_Key, bytes] = {}

    def put(self, text: str, sample_rate_hz: int, audio: bytes, *, voice: str) -> None:
        """Take another voice's audio (16-bit mono) for a phrase that `voice` would speak."""
        self._audio[_Key(text, sample_rate_hz, voice)] = audio

    async def make(self, words: SpareWords, sample_rate_hz: int) -> None:
        """Speak whatever of the words is not there yet.

        Without the embedded engine nothing is made, which is logged: a phrase is no reason to
        turn callers away.

        Raises:
            ValueError: The engine has no such voice.
        """
        texts = [text for step in words.by_step().values() for text in step]
        for text in dict.fromkeys(texts):
            key = _Key(text, sample_rate_hz, words.voice)
            if key in self._audio or not espeak.is_speakable(text):
                continue
            try:
                self._audio[key] = await _spoken(key)
            except espeak.EspeakError as error:
                logger.error(f"No spare phrases: when the services fail, nothing is said. {error}")
                return

    def of(self, words: SpareWords, sample_rate_hz: int) -> Sequence[SparePhrase]:
        """The phrases that are there, in the order of the words."""
        return [
            SparePhrase(step, text, audio, sample_rate_hz)
            for step, texts in words.by_step().items()
            for text in texts
            if (audio := self._audio.get(_Key(text, sample_rate_hz, words.voice)))
        ]


SPARE_PHRASES = SparePhrases()
"""The phrases of this process."""


async def _spoken(key: _Key) -> bytes:
    spec = espeak.VoiceSpec.parse(key.voice)
    audio = await asyncio.to_thread(espeak.speak, key.text, spec)
    return await create_file_resampler().resample(audio, espeak.SAMPLE_RATE_HZ, key.sample_rate_hz)
