"""The last events of a call whose process died: what it cost, and its end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loguru import logger
from sqlalchemy import Connection, func, select

from calls.records.event import Event
from calls.records.outcome import INTERRUPTED
from calls.records.projection import AFTERWARDS, LAST_SEQ
from calls.records.schema import calls, events, moment_of
from calls.records.scribe import events_of

CostOf = Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]]
"""From the facts of "usage" events to those of a "cost" event."""


@dataclass(frozen=True)
class LeftOpen:
    """A call without an end, and when its last event was."""

    number: int
    id: str
    at_s: float
    utc: datetime


def left_open(connection: Connection, owner: str) -> list[LeftOpen]:
    """The calls that a process left open."""
    c, e = calls.c, events.c
    query = (
        select(c.number, c.id, func.max(e.at_s), func.max(e.utc_ms))
        .join_from(calls, events, c.number == e.number)
        .where(c.ended_ms.is_(None), c.owner == owner)
        .group_by(c.number, c.id)
    )
    return [
        LeftOpen(number, call_id, at_s, moment_of(utc_ms))
        for number, call_id, at_s, utc_ms in connection.execute(query)
    ]


def last_events(connection: Connection, call: LeftOpen, cost_of: CostOf | None) -> Iterator[Event]:
    """What the process would have written, as far as it can be known."""
    its = events_of(connection, call.number, call.id)
    usages = [event.facts for event in its if event.kind == "usage"]
    if usages and cost_of and not any(event.kind == "cost" for event in its):
        try:
            cost = cost_of(usages)
        except (ValueError, TypeError) as error:
            logger.warning(f"Nobody knows what an interrupted call cost: {error}")
        else:
            yield Event(call.id, AFTERWARDS, call.at_s, call.utc, "cost", cost)
    end = {"reason": INTERRUPTED, "duration_s": call.at_s, "by": "error"}
    yield Event(call.id, LAST_SEQ, call.at_s, call.utc, "end", end)
