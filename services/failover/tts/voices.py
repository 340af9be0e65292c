"""The providers of text-to-speech in one call: whom to ask, and what comes of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from loguru import logger
from pipecat.frames.frames import CancelFrame, Frame, MetricsFrame, StartFrame
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)
from pipecat.services.tts_service import TTSService

from services.failover.branch import Branch
from services.failover.health import Health, by_health
from services.failover.tts.attempt import Attempt, Listener
from services.failover.tts.probe import Nobody, copy_of
from services.failover.tts.speech import Speech

# A pace is learnt from no less than this, and slowly.
_LETTERS_TO_MEASURE = 40
_NEWEST_PACE_WEIGHS = 0.3


class Voices:
    """Every provider's service on a branch of its own.

    Parameters:
        owner: The processor that they work for; their tasks are its own.
        providers: Name, service and health of each, in order of preference.
        pass_on: Gets their metrics.
    """

    def __init__(
        self,
        owner: FrameProcessor,
        providers: Sequence[tuple[str, TTSService, Health]],
        pass_on: Callable[[Frame], Awaitable[None]],
    ) -> None:
        self.branches = [
            Branch(name, service, health, self._heard) for name, service, health in providers
        ]
        self._owner = owner
        self._pass_on = pass_on
        self._rate_hz = 0
        self._ready = {branch: asyncio.Event() for branch in self.branches}
        self._attempts: dict[Branch, tuple[Attempt, Speech]] = {}
        self._probes: dict[Branch, asyncio.Task[None]] = {}
        self._pace: dict[Branch, float] = {}
        self._pitch_hz: dict[Branch, float] = {}

    async def setup(self, setup: FrameProcessorSetup, rate_hz: int) -> None:
        """Begin to set them up; wait for none."""
        self._rate_hz = rate_hz
        for branch in self.branches:
            await branch.setup(self._owner, setup)

    async def give(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Queue a frame for all of them."""
        for branch in self.branches:
            await branch.give(frame, direction)

    async def cancel(self, frame: CancelFrame) -> None:
        """End without saying anything more."""
        await self._stop_probes()
        for branch in self.branches:
            await branch.cancel(frame)

    async def cleanup(self) -> None:
        """End them all, and what was begun for them."""
        await self._stop_probes()
        await asyncio.gather(*(branch.cleanup(self._owner) for branch in self.branches))

    def in_turn(self) -> Iterator[Branch]:
        """Whom to ask one after another: each once, then the first one anew."""
        left = list(self.branches)
        while left:
            branch = by_health(left)[0]
            left.remove(branch)
            yield branch
        yield self.branches[0]

    async def say(self, branch: Branch, speech: Speech, listener: Listener) -> Attempt:
        """Have one of them say what has not been said of a speech, until that is done or fails."""
        if probe := self._probes.get(branch):
            await self._owner.cancel_task(probe)
        attempt = await self._attempt(branch, speech, listener)
        self._judge(attempt)
        return attempt

    def try_again_beside(self, speech: Speech) -> None:
        """Give a copy of a speech to every provider that has rested from its failures."""
        best = by_health(self.branches)[0]
        for branch in self.branches:
            # One that nobody can stand in for is tried with the real speech.
            if branch is not best and branch not in self._probes and branch.health.may_probe():
                probe = self._probe(branch, copy_of(speech))
                self._probes[branch] = self._owner.create_task(probe, f"probe of {branch.name}")

    def change(self) -> None:
        """Their settings change: what was measured of the voices may not hold any more."""
        self._pace.clear()
        self._pitch_hz.clear()

    async def _stop_probes(self) -> None:
        for probe in list(self._probes.values()):
            await self._owner.cancel_task(probe)

    async def _probe(self, branch: Branch, copy: Speech) -> None:
        judged = False
        try:
            attempt = await self._attempt(branch, copy, Nobody())
            self._judge(attempt)
            judged = True
            logger.info(f"{branch.name}, tried unheard: {attempt.failure or 'speaks again'}")
        finally:
            if not judged:
                branch.health.probe_ended()
            self._probes.pop(branch, None)

    async def _attempt(self, branch: Branch, speech: Speech, listener: Listener) -> Attempt:
        attempt = Attempt(
            branch,
            speech,
            listener,
            rate_hz=self._rate_hz,
            ready=self._ready[branch],
            pace=self._pace.get(branch),
            pitch_hz=self._pitch_hz.get(branch),
        )
        self._attempts[branch] = (attempt, speech)
        try:
            await attempt.run()
        finally:
            del self._attempts[branch]
            if attempt.begun and not attempt.came_to_its_end:
                await branch.stop()
        return attempt

    def _judge(self, attempt: Attempt) -> None:
        health = attempt.branch.health
        if attempt.failure:
            health.failed(attempt.failure)
        elif attempt.first_audio_after_ms is not None:
            health.answered(attempt.first_audio_after_ms)
            self._measure(attempt)

    def _measure(self, attempt: Attempt) -> None:
        length, branch = attempt.length, attempt.branch
        if pitch_hz := attempt.judge.pitch.hz:
            self._pitch_hz.setdefault(branch, pitch_hz)
        if length < _LETTERS_TO_MEASURE or not attempt.came_to_its_end:
            return
        pace = length / attempt.judge.sounded_s
        before = self._pace.get(branch, pace)
        self._pace[branch] = before + _NEWEST_PACE_WEIGHS * (pace - before)

    async def _heard(self, branch: Branch, frame: Frame, direction: FrameDirection) -> None:
        attempt, speech = self._attempts.get(branch, (None, None))
        match frame:
            case StartFrame():
                self._ready[branch].set()
                if speech:
                    speech.changed.set()
            case MetricsFrame() if branch not in self._probes:
                await self._pass_on(frame)
            case _ if attempt:
                await attempt.hears(frame)
