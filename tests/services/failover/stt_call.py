"""A call in which several scripted recognisers hear the caller."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipecat.frames.frames import ErrorFrame, TranscriptionFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.stt_service import STTService

from services.failover.health import Health
from services.failover.incident import Failure, Incident
from services.failover.stt.backed import BackedSTT
from tests.processors.probed_pipeline import Rig, probed_pipeline
from tests.services.failover.scripted_stt import GOOD, Caller, Script, Scripted

ENOUGH_S = 4.0


class Call:
    """One call with several recognisers, and what came of it."""

    def __init__(self, rig: Rig, stt: BackedSTT, incidents: list[Incident]) -> None:
        self.rig = rig
        self.stt = stt
        self.incidents = incidents
        self.caller = Caller(rig)

    async def says(self, text: str) -> None:
        """Says it and waits for what comes of it."""
        await self.caller.says(text)
        await self.caller.is_silent(ENOUGH_S)

    @property
    def texts(self) -> list[str]:
        return [frame.text for frame in self.rig.reached_the_end(TranscriptionFrame)]

    @property
    def words(self) -> str:
        return " ".join(self.texts)

    @property
    def failures(self) -> list[tuple[str, Failure, str]]:
        return [(each.provider, each.how, each.went_to) for each in self.incidents]

    @property
    def errors(self) -> list[ErrorFrame]:
        return [frame for frame in self.rig.head.got if isinstance(frame, ErrorFrame)]


def health(deadline_ms: float = 1000) -> Health:
    return Health(deadline_ms, clock=asyncio.get_running_loop().time)


Provider = tuple[str, STTService, Health]


def first(script: Script = GOOD, its_health: Health | None = None) -> Provider:
    return "first", Scripted(script), its_health or health()


def second(script: Script = GOOD) -> Provider:
    return "second", Scripted(script), health()


@asynccontextmanager
async def calling(*providers: Provider, after: FrameProcessor | None = None) -> AsyncIterator[Call]:
    """A call with these recognisers, the first wished for, and what stands behind them."""
    incidents: list[Incident] = []
    stt = BackedSTT(providers, report=incidents.append, clock=asyncio.get_running_loop().time)
    async with probed_pipeline(stt, *([after] if after else [])) as rig:
        yield Call(rig, stt, incidents)
