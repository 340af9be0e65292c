"""The embedded speech-to-text service: pocketsphinx, no network and no key."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

from pipecat.audio.resamplers.soxr_stream_resampler import SOXRStreamAudioResampler
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    StartFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language
from pipecat.utils.time import time_now_iso8601

from services.embedded.listener import Heard, Listener
from services.embedded.pre_roll import PreRoll
from services.embedded.sphinx import SAMPLE_RATE_HZ, Ear

# 0.2 s of the VAD's own waiting, then the last 20 ms of sound and the search for the best path.
_TTFS_P99_S = 0.3


class PocketsphinxSTTService(STTService):
    """Transcribes while the caller speaks; the VAD's frames open and close an utterance.

    Each utterance with words gives interim transcripts as they change and one transcript marked
    `finalized`. An utterance without words gives none.
    """

    def __init__(
        self,
        *,
        sample_lines: Sequence[str] = (),
        keyterms: Sequence[str] = (),
        telephone: bool = False,
        cache_dir: Path | None = None,
        **kwargs: Any,
    ) -> None:
        """Sets up the service; the model is built in `setup`.

        Args:
            sample_lines: What callers of this bot say.
            keyterms: Words and names that matter to it.
            telephone: Whether the sound comes over the telephone network (8 kHz).
            cache_dir: Where built models are kept between processes; None keeps none.
            **kwargs: Passed to `STTService`.
        """
        kwargs.setdefault("ttfs_p99_latency", _TTFS_P99_S)
        kwargs.setdefault("settings", STTSettings(model="en-us", language=Language.EN_US))
        super().__init__(**kwargs)
        self._sample_lines = tuple(sample_lines)
        self._keyterms = tuple(keyterms)
        self._telephone = telephone
        self._cache_dir = cache_dir
        self._resampler = SOXRStreamAudioResampler(clear_after_secs=None)
        self._pre_roll = PreRoll()
        self._in_utterance = False
        self._ear: Ear | None = None
        self._listener: Listener | None = None
        self._heard: asyncio.Queue[Heard | None] = asyncio.Queue()
        self._delivery: asyncio.Task[None] | None = None

    def can_generate_metrics(self) -> bool:
        """Time to the final transcript and seconds of audio are reported."""
        return True

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Builds the model, or takes the one this process has, without blocking the event loop.

        Raises:
            RuntimeError: pocketsphinx cannot load its model.
        """
        await super().setup(setup)
        self._ear = await asyncio.to_thread(
            Ear.shared,
            self._sample_lines,
            self._keyterms,
            telephone=self._telephone,
            cache_dir=self._cache_dir,
        )

    async def start(self, frame: StartFrame) -> None:
        """Starts the call's worker thread."""
        await super().start(frame)
        if self._listener is not None or self._ear is None:
            return
        loop = asyncio.get_running_loop()

        def on_heard(heard: Heard) -> None:
            loop.call_soon_threadsafe(self._heard.put_nowait, heard)

        self._listener = Listener(self._ear, on_heard)
        self._delivery = self.create_task(self._deliver())

    async def stop(self, frame: EndFrame) -> None:
        """Delivers what the caller said last, then ends the worker thread."""
        await self._close(drop=False)
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        """Ends the worker thread at once."""
        await super().cancel(frame)
        await self._close(drop=True)

    async def cleanup(self) -> None:
        """Ends the worker thread if neither end nor cancel did."""
        await self._close(drop=True)
        await super().cleanup()

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Takes 16-bit mono samples at the pipeline's input rate; results come on their own."""
        samples = await self._resampler.resample(audio, self.sample_rate, SAMPLE_RATE_HZ)
        if self._in_utterance and self._listener is not None:
            self._listener.hear(samples)
        else:
            self._pre_roll.add(samples)
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Lets the base class pass the frame on, then follows the VAD."""
        await super().process_frame(frame, direction)
        match frame:
            case VADUserStartedSpeakingFrame():
                self._begin_utterance()
            case VADUserStoppedSpeakingFrame():
                self._finish_utterance()

    def _begin_utterance(self) -> None:
        if self._listener is None or self._in_utterance:
            return
        self._in_utterance = True
        self._listener.begin()
        self._listener.hear(self._pre_roll.take())

    def _finish_utterance(self) -> None:
        if self._listener is None or not self._in_utterance:
            return
        self._in_utterance = False
        self._listener.finish()

    async def _deliver(self) -> None:
        while (heard := await self._heard.get()) is not None:
            if heard.text:
                await self.push_frame(self._transcript(heard))
            if heard.final:
                await self.emit_stt_usage_metrics()

    def _transcript(self, heard: Heard) -> Frame:
        language = Language.EN_US
        if not heard.final:
            return InterimTranscriptionFrame(
                heard.text, self._user_id, time_now_iso8601(), language
            )
        # When the caller went on meanwhile, more words follow: the turn must wait for them.
        last = self._listener is None or heard.utterance == self._listener.utterance
        return TranscriptionFrame(
            heard.text, self._user_id, time_now_iso8601(), language, finalized=last
        )

    async def _close(self, *, drop: bool) -> None:
        listener, self._listener = self._listener, None
        delivery, self._delivery = self._delivery, None
        self._in_utterance = False
        self._pre_roll.clear()
        if listener is not None:
            await asyncio.to_thread(listener.close, drop=drop)
        if delivery is None:
            return
        if drop:
            await self.cancel_task(delivery)
        else:
            self._heard.put_nowait(None)
            await delivery
