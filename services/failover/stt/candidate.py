"""A recogniser that may serve: how it fared in this call, and how much it has heard."""

from collections.abc import Sequence
from functools import cached_property
from typing import cast

from pipecat.frames.frames import VADUserStoppedSpeakingFrame
from pipecat.services.stt_service import STTService

from services.failover.branch import Branch
from services.failover.health import Clock, Health
from services.failover.incident import Failure
from services.failover.stt.caller_audio import CallerAudio, in_one_piece

# Another call may find the provider well while this call's connection is dead.
_RETRY_HERE_AFTER_S = 10.0
# What a recogniser hears before the first word, so that it does not miss its beginning.
_LEAD_IN_S = 0.7
# A message costs the same, whatever it holds; before speech is noticed, this much does not matter.
_IDLE_PIECE_S = 0.1
# As if the detector had noticed the end of speech as late as usual.
_NOTICED_AFTER_S = 0.2


class Candidate:
    """One provider's recogniser in one call.

    The provider's health is shared by all calls; whether it failed here is this call's own.

    Parameters:
        branch: Its service.
        clock: Seconds, monotonic.
    """

    def __init__(self, branch: Branch, clock: Clock) -> None:
        self.branch = branch
        self._clock = clock
        self._failed_at_s: float | None = None
        self._heard_to = 0
        self.gives_interims = False

    @property
    def name(self) -> str:
        return self.branch.name

    @property
    def health(self) -> Health:
        return self.branch.health

    @property
    def service(self) -> STTService:
        return cast(STTService, self.branch.service)

    @property
    def failed_here(self) -> bool:
        """Whether it failed in this call and has not made up for it."""
        return self._failed_at_s is not None

    @property
    def finalises(self) -> bool:
        """Whether it takes the order to finalise, and marks what answers it."""
        return self.health.finalises

    @property
    def is_up(self) -> bool:
        """Whether it is connected, as far as it says, and takes work."""
        return self.branch.ready and not self.branch.broken and self.service.is_usable

    @property
    def owes_confirmation(self) -> bool:
        """Whether it was told to finalise and has not said yet that it did.

        Pipecat's services that are told so mark it for themselves; others are never asked.
        """
        return self.service._finalize_requested

    @property
    def confirmed(self) -> bool:
        """Whether it said that it finalised, and that there were no further words."""
        return self.service._finalize_pending

    @cached_property
    def finals_within_s(self) -> float:
        """After this much of silence its last words have come, 99 times in 100."""
        return self.service.service_metadata_frame().ttfs_p99_latency

    def answered(self, after_ms: float | None) -> None:
        """It gave words in time. None: nobody could tell how soon."""
        self._failed_at_s = None
        self.health.answered(after_ms)

    def failed(self, how: Failure) -> None:
        self._failed_at_s = self._clock()
        self.health.failed(how)

    def probe_failed(self, how: Failure) -> None:
        """It failed beside another. Where the breaker is closed, other calls know better."""
        self._failed_at_s = self._clock()
        if self.health.open:
            self.health.failed(how)

    def may_probe(self) -> bool:
        """Whether to let it hear the next utterance beside the one that serves."""
        if not self.is_up:
            return False
        if self.health.open:
            return self.health.may_probe()
        return (
            self._failed_at_s is not None
            and self._clock() >= self._failed_at_s + _RETRY_HERE_AFTER_S
        )

    async def hear(self, audio: CallerAudio, position: int | None, *, idle: bool = False) -> None:
        """Give it what it has not heard, from a position on, as fast as it takes it.

        Args:
            audio: What is kept.
            position: Where the words begin that are owed; None: what was just said is enough.
            idle: Nobody speaks, as far as one knows: it gets its audio in larger pieces.
        """
        if not self.branch.ready or self.branch.broken:
            return
        self.health.finalises = self.health.finalises or self.owes_confirmation
        if self._heard_to < audio.end - 1:
            start = audio.back(_LEAD_IN_S) if position is None else position
            self._heard_to = max(self._heard_to, start)
        frames = audio.since(self._heard_to)
        if idle:
            if (piece := in_one_piece(frames, at_least_s=_IDLE_PIECE_S)) is None:
                return
            frames = [piece]
        self._heard_to = audio.end
        for frame in frames:
            await self.branch.give(frame)

    async def finalise(self) -> None:
        """Have the words finalised that it has, if it takes such an order."""
        await self.branch.give(VADUserStoppedSpeakingFrame(stop_secs=_NOTICED_AFTER_S))


def by_trust(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those to rely on first, each group in the order of preference."""
    return sorted(candidates, key=lambda each: (each.failed_here, each.health.open))
