"""Telling of a provider's failure: in the log, in the record, on the page and as a metric."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from loguru import logger
from pipecat.frames.frames import Frame, MetricsFrame

from calls.record import CallRecord
from processors.provider_failure import ProviderFailureMetricsData
from services.failover.incident import Incident
from services.provider import STAGE_NAMES

Push = Callable[[Frame], Awaitable[None]]
Show = Callable[[dict[str, Any]], Awaitable[None]]


class Incidents:
    """What went wrong with providers in one call.

    Parameters:
        record: Keeps it.
        show: Sends it to the page.
        push: Sends it through the call's pipeline.
    """

    def __init__(self, record: CallRecord, show: Show, push: Push) -> None:
        self._record = record
        self._show = show
        self._push = push
        self._telling: set[asyncio.Task[None]] = set()

    def report(self, incident: Incident) -> None:
        """A provider failed."""
        logger.warning(in_words(incident))
        facts = asdict(incident)
        self._record.note("provider_failed", **facts)
        task = asyncio.ensure_future(self._tell(incident, facts))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, incident: Incident, facts: dict[str, Any]) -> None:
        await self._push(MetricsFrame(data=[as_metric(incident)]))
        await self._show({"type": "provider-failed", **facts})


def as_metric(incident: Incident) -> ProviderFailureMetricsData:
    """For whoever counts, and for the turn that waited."""
    return ProviderFailureMetricsData(
        processor=incident.provider,
        stage=incident.stage,
        how=incident.how.value,
        value=incident.cost_ms / 1000,
        went_to=incident.went_to,
    )


def in_words(incident: Incident) -> str:
    """One sentence for the log."""
    then = f"{incident.went_to} was asked" if incident.went_to else "nobody was left to ask"
    return (
        f"{STAGE_NAMES[incident.stage]}: {incident.provider} failed ({incident.how}) "
        f"after {incident.cost_ms:.0f} ms; {then}"
    )
