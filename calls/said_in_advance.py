"""Before they are needed, a bot's phrases are spoken by the voice that will say them."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from loguru import logger
from pipecat.frames.frames import EndFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.services.tts_service import TTSService
from pipecat.workers.runner import WorkerRunner

from services.choice import Choice
from services.failover.health import Health
from services.failover.incident import Incident
from services.failover.tts.backed import BackedTTS
from services.phrases.repertoire import Repertoire
from services.provider import Wish

_NEXT_TRY_S = 120.0
# Nobody waits for them.
_PATIENCE_MS = 10_000
_A_PHRASE_AT_MOST_S = 15.0


@dataclass(frozen=True)
class Part:
    """What one bot's calls of one kind need.

    Parameters:
        bot: Its name.
        voice: The provider that leads.
        wish: What the bot wants of it.
        repertoire: The texts, and where their audio goes.
        rate_hz: Of the audio.
    """

    bot: str
    voice: Choice
    wish: Wish
    repertoire: Repertoire
    rate_hz: int

    @property
    def name(self) -> tuple[str, str, int]:
        return self.bot, self.voice.name, self.rate_hz


class InAdvance:
    """Has parts spoken behind the calls of the process, one at a time, each once.

    A provider that says nothing is left alone for a while. Its health is not touched: a phrase
    that nobody waits for tells little of a call.

    Parameters:
        now: Seconds, monotonic.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._not_before_s: dict[tuple[str, str, int], float] = {}
        self._one_at_a_time = asyncio.Lock()
        self._at_work: set[asyncio.Task[None]] = set()

    def begin(self, part: Part) -> None:
        """Have a part spoken in the background, unless that was done."""
        if self._now() < self._not_before_s.get(part.name, 0.0):
            return
        self._not_before_s[part.name] = float("inf")
        task = asyncio.ensure_future(self._say(part))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def over(self) -> None:
        """Wait until everything that was begun is done."""
        await asyncio.gather(*self._at_work)

    async def leave_off(self) -> None:
        """Stop whatever is being said.

        The end of the event loop cannot: it stops a pipeline's tasks all at once, and whoever
        waits for the pipeline then waits for ever.
        """
        at_work = [*self._at_work]
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)

    async def _say(self, part: Part) -> None:
        async with self._one_at_a_time:
            try:
                trouble = await _speak(part)
            except Exception as error:
                trouble = repr(error)
        if trouble:
            self._not_before_s[part.name] = self._now() + _NEXT_TRY_S
            logger.warning(
                f"{part.bot}: {part.voice.name} did not say its phrases in advance ({trouble}). "
                "They are spoken when they are needed, and callers wait for them. If that "
                "happens at every start, check the provider's key and voice with "
                "`switchboard doctor --connect`."
            )


IN_ADVANCE = InAdvance()
"""What this process has said in advance."""


async def _speak(part: Part) -> str:
    """Have everything said that is not there yet; returns what went wrong, "" for nothing."""
    service = cast(TTSService, part.voice.build(part.wish))
    missing = part.repertoire.lacks(part.voice.name, service, part.rate_hz)
    if not missing:
        return ""
    incidents: list[Incident] = []
    failed = asyncio.Event()

    def report(incident: Incident) -> None:
        incidents.append(incident)
        failed.set()

    tts = BackedTTS(
        [(part.voice.name, service, Health(_PATIENCE_MS, fixed=True))],
        report=report,
        repertoire=part.repertoire,
    )
    worker = PipelineWorker(
        Pipeline([tts]),
        params=PipelineParams(audio_out_sample_rate=part.rate_hz),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
    )
    speaking = [TTSSpeakFrame(text, append_to_context=False) for text in missing]
    await worker.queue_frames([*speaking, EndFrame()])
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.ensure_future(runner.run())
    failing = asyncio.ensure_future(failed.wait())
    try:
        at_most_s = _A_PHRASE_AT_MOST_S * len(missing)
        await asyncio.wait(
            {running, failing}, timeout=at_most_s, return_when=asyncio.FIRST_COMPLETED
        )
        done = running.done()
    finally:
        failing.cancel()
        if not running.done():
            await worker.cancel(reason="the phrases are not said")
        await running
    if incidents:
        return str(incidents[0].how)
    left = part.repertoire.lacks(part.voice.name, service, part.rate_hz)
    if not done or left:
        return f"{len(left)} of {len(missing)} are missing"
    logger.info(f"{part.bot}: {part.voice.name} has said {len(missing)} phrases in advance")
    return ""
