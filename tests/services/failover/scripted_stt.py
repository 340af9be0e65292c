"""Recognisers that do as they are told, and a caller whose audio says which words it holds."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import SegmentedSTTService, STTService

from tests.processors.probed_pipeline import A_MOMENT_S, Rig

RATE_HZ = 16_000
FRAME_S = 0.02
WORD_S = 0.3
VAD_S = 0.2

TEXT = "where is my order number four seven two nine one yes please tell me more about it"
WORDS: Sequence[str] = TEXT.split()
# A sound that a recogniser makes no word of.
NOISE = 30_000


@dataclass
class Script:
    """What a recogniser does.

    Parameters:
        delay_s: From the end of speech as the VAD tells it to the last words.
        deaf: It says nothing whatever it hears.
        never_connects: Setting it up takes for ever.
        unbuildable: Setting it up fails.
        blank: Its final words are a blank.
        no_finals: Only interim words come.
        dies_with_frame: From this audio frame on, counted over the call, it says nothing more.
        error: And says so then.
        chunk: After so many words it stands by them though the caller speaks on. 0: never.
        mishears: What it makes of a noise.
        guess: What its interim words say. None: what it has heard.
    """

    delay_s: float = 0.2
    deaf: bool = False
    never_connects: bool = False
    unbuildable: bool = False
    blank: bool = False
    no_finals: bool = False
    dies_with_frame: int | None = None
    error: bool = False
    chunk: int = 0
    mishears: str = ""
    guess: str | None = None


GOOD = Script()
DEAF = Script(deaf=True)


def settings() -> STTSettings:
    return STTSettings(model="scripted", language=None)


class Scripted(STTService):
    """Hears words as they come, like a recogniser behind a WebSocket."""

    def __init__(self, script: Script = GOOD, **kwargs: Any) -> None:
        kwargs.setdefault("settings", settings())
        super().__init__(ttfs_p99_latency=0.4, **kwargs)
        self.script = script
        self.heard = Decoder(script.mishears)
        self.frames = 0
        self.heard_s = 0.0
        self.said = 0
        self.speaking = False
        self.dead = False
        self.one_message_at_a_time = asyncio.Lock()
        self.later: set[asyncio.Task[None]] = set()
        self.updates: list[STTSettings] = []

    async def setup(self, setup: FrameProcessorSetup) -> None:
        await super().setup(setup)
        if self.script.unbuildable:
            raise RuntimeError("no such model")
        if self.script.never_connects:
            await asyncio.Event().wait()

    async def _update_settings(self, delta: STTSettings) -> dict[str, Any]:
        self.updates.append(delta.copy())
        return await super()._update_settings(delta)

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        self.frames += 1
        self.heard_s += len(audio) / 2 / RATE_HZ
        if self.frames == self.script.dies_with_frame:
            self.dead = True
            if self.script.error:
                await self.push_error("the connection is lost")
        before = len(self.heard.words)
        self.heard.hear(audio)
        if len(self.heard.words) > before and not self.mute:
            yield await self._progress()
        yield None

    @property
    def mute(self) -> bool:
        return self.dead or self.script.deaf

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame) and not self.dead:
            self.request_finalize()
            task = self.create_task(self._finalise(len(self.heard.words)))
            self.later.add(task)

    async def _progress(self) -> Frame | None:
        waiting = self.heard.words[self.said :]
        # The newest word has only begun.
        if 0 < self.script.chunk < len(waiting) and not self.script.no_finals:
            return self._final(len(self.heard.words) - 1)
        guess = self.script.guess
        return InterimTranscriptionFrame(" ".join(waiting) if guess is None else guess, "", "")

    async def _finalise(self, words: int) -> None:
        await asyncio.sleep(self.script.delay_s)
        async with self.one_message_at_a_time:
            if self.mute or self.script.no_finals:
                return
            self.confirm_finalize()
            if self.script.blank:
                await self.push_frame(TranscriptionFrame("  ", "", ""))
            elif words > self.said:
                await self.push_frame(self._final(words))

    def _final(self, words: int) -> TranscriptionFrame:
        text = " ".join(self.heard.words[self.said : words])
        self.said = words
        return TranscriptionFrame(text, "", "")


class ScriptedSegments(SegmentedSTTService):
    """Hears an utterance when it is over, like a recogniser behind an upload."""

    def __init__(self, script: Script = GOOD, **kwargs: Any) -> None:
        super().__init__(ttfs_p99_latency=0.4, settings=settings(), **kwargs)
        self.script = script
        self.uploads = 0

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        self.uploads += 1
        heard = Decoder(self.script.mishears)
        heard.hear(audio)
        await asyncio.sleep(self.script.delay_s)
        if self.script.error:
            raise RuntimeError("500")
        if heard.words and not self.script.deaf:
            yield TranscriptionFrame("  " if self.script.blank else " ".join(heard.words), "", "")


class Decoder:
    """The words in the audio of a `Caller`: the level of each sample is the number of a word."""

    def __init__(self, mishears: str) -> None:
        self.words: list[str] = []
        self._mishears = mishears
        self._level = 0

    def hear(self, audio: bytes) -> None:
        for level in np.frombuffer(audio, np.int16)[:: RATE_HZ // 100]:
            if level not in (self._level, 0):
                word = self._mishears if level == NOISE else str(WORDS[level // 1000 - 1])
                self.words += [word] if word else []
            self._level = int(level)


class Caller:
    """Speaks, with a VAD that notices late when speech begins and ends."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.sent: list[InputAudioRawFrame] = []

    async def says(self, text: str) -> None:
        """One level of sound for each word."""
        levels = [1000 * (WORDS.index(word) + 1) for word in text.split()]
        await self.sounds(levels, WORD_S)

    async def says_unnoticed(self, text: str) -> None:
        """Says it too softly for the VAD."""
        for word in text.split():
            for _ in range(round(WORD_S / FRAME_S)):
                await self._send(1000 * (WORDS.index(word) + 1))

    async def coughs(self, lasts_s: float = 0.6) -> None:
        await self.sounds([NOISE], lasts_s)

    async def sounds(self, levels: list[int], each_s: float) -> None:
        await self.is_silent(0.3)
        frames = [level for level in levels for _ in range(round(each_s / FRAME_S))]
        noticed = round(VAD_S / FRAME_S)
        for at, level in enumerate(frames):
            if at == noticed:
                await self.rig.up(VADUserStartedSpeakingFrame(start_secs=VAD_S))
            await self._send(level)
        await self.is_silent(VAD_S)
        await self.rig.up(VADUserStoppedSpeakingFrame(stop_secs=VAD_S))

    async def is_silent(self, lasts_s: float) -> None:
        for _ in range(round(lasts_s / FRAME_S)):
            await self._send(0)

    async def _send(self, level: int) -> None:
        audio = np.full(round(RATE_HZ * FRAME_S), level, np.int16).tobytes()
        frame = InputAudioRawFrame(audio, RATE_HZ, 1)
        self.sent.append(frame)
        await self.rig.down(frame)
        await asyncio.sleep(FRAME_S - A_MOMENT_S)
