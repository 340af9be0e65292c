"""Telling of a provider's failure: in the log, in the record, on the page and as a metric."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from loguru import logger

from calls.record import CallRecord
from services.failover.incident import Incident
from services.provider import STAGE_NAMES

Show = Callable[[dict[str, Any]], Awaitable[None]]


class Incidents:
    """What went wrong with providers in one call.

    Parameters:
        record: Keeps it.
        show: Sends it to the page.
    """

    def __init__(self, record: CallRecord, show: Show) -> None:
        self._record = record
        self._show = show
        self._telling: set[asyncio.Task[None]] = set()

    def report(self, incident: Incident) -> None:
        """A provider failed."""
        logger.warning(in_words(incident))
        facts = asdict(incident)
        self._record.note("provider_failed", **facts)
        message = {"type": "provider-failed", **facts}
        task = asyncio.ensure_future(self._show(message))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


def in_words(incident: Incident) -> str:
    """One sentence for the log."""
    then = f"{incident.went_to} was asked" if incident.went_to else "nobody was left to ask"
    return (
        f"{STAGE_NAMES[incident.stage]}: {incident.provider} failed ({incident.how}) "
        f"after {incident.cost_ms:.0f} ms; {then}"
    )
