"""One provider's service at work beside others, where nothing it does can hold up the call."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from loguru import logger
from pipecat.frames.frames import CancelFrame, EndFrame, Frame, InterruptionFrame
from pipecat.processors.frame_processor import (
    FrameCallback,
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)
from pipecat.services.ai_service import AIService

from services.failover.health import Health

# What a service has to close its connections, when the call is over.
_CLEANUP_AT_MOST_S = 3.0
# What it has to finish with the end of the call, before that.
_END_AT_MOST_S = 1.0

Listen = Callable[["Branch", Frame, FrameDirection], Awaitable[None]]


class Branch:
    """A service between two taps.

    The service believes itself in a pipeline: frames are given to it with `give`, and whatever it
    pushes, either way, comes to `listen`. It runs on its own tasks. A service that never finishes
    setting up, or never returns from a frame, stops itself and nobody else.

    Parameters:
        name: The provider, as in the settings.
        service: What the provider's row built.
        health: Shared by all calls.
        listen: Gets every frame that the service pushes.
    """

    def __init__(self, name: str, service: AIService, health: Health, listen: Listen) -> None:
        self.name = name
        self.service = service
        self.health = health
        self._stopping = 0

        async def heard(frame: Frame, direction: FrameDirection) -> None:
            if isinstance(frame, EndFrame | CancelFrame):
                self._ended.set()
            if isinstance(frame, InterruptionFrame):
                self._stopping = max(0, self._stopping - 1)
            elif not self._stopping:
                await listen(self, frame, direction)

        self._before, self._after = _Tap(heard), _Tap(heard)
        self._before.link(service)
        service.link(self._after)
        self._setting_up: asyncio.Task[None] | None = None
        self._broken = False
        self._told_to_end = False
        self._ended = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether the service was set up, so that what it is given is not merely kept for it."""
        return self._setting_up is not None and self._setting_up.done()

    @property
    def broken(self) -> bool:
        """Whether it could not be set up."""
        return self._broken

    async def setup(self, owner: FrameProcessor, setup: FrameProcessorSetup) -> None:
        """Begin to set the service up, without waiting for it to connect."""
        # Observers hear of what the owner passes on, and of nothing else.
        unseen = replace(setup, observer=None)
        self.service._setup_started()
        self._setting_up = owner.create_task(self._set_up(unseen), f"{owner}::setup::{self.name}")

    async def give(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Queue a frame for the service."""
        self._told_to_end = self._told_to_end or isinstance(frame, EndFrame | CancelFrame)
        await self.service.queue_frame(frame, direction)

    async def stop(self) -> None:
        """Give up what it is doing. What it still pushes of that is not listened to."""
        self._stopping += 1
        await self.give(InterruptionFrame())

    async def cleanup(self, owner: FrameProcessor) -> None:
        """End everything that the service began."""
        if self._setting_up and not self._setting_up.done():
            await owner.cancel_task(self._setting_up)
        elif self._told_to_end:
            # Cut off in the middle of that it would leave tasks behind.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _END_AT_MOST_S)
        try:
            async with asyncio.timeout(_CLEANUP_AT_MOST_S):
                await self.service.cleanup()
        except Exception as error:
            logger.warning(f"{self.name} did not close in order: {error!r}")

    async def cancel(self, frame: CancelFrame) -> None:
        """The call is over: end without finishing anything."""
        await self.give(frame)

    async def _set_up(self, setup: FrameProcessorSetup) -> None:
        try:
            await self.service.setup(setup)
        except Exception as error:
            self._broken = True
            logger.warning(f"{self.name} could not be set up: {error!r}")
        finally:
            self.service._setup_finished()


class _Tap(FrameProcessor):
    """An end of a branch: what reaches it is handed on as it comes."""

    def __init__(self, heard: Callable[[Frame, FrameDirection], Awaitable[None]], **kwargs: Any):
        super().__init__(enable_direct_mode=True, **kwargs)
        self._heard = heard

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        await self._heard(frame, direction)
