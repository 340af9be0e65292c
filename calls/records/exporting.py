"""A call as one JSON object, for other programs."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from calls.records.event import Event
from calls.records.rows import CallRow

# What becomes a list of its own, by the event's kind; the rest is under "events".
_LISTS = {
    "heard": "transcript",
    "turn": "turns",
    "tool": "tools",
    "usage": "usage",
    "provider_failed": "provider_failures",
    "interruption": "interruptions",
    "unheard": "unheard",
    "unhandled": "unhandled",
    "dead_air": "dead_air",
    "consent": "consent",
    "recording": "recordings",
}
_IN_ROW = {"call", "outcome", "end", "csat"}
# What a row counts, and a list has in full.
_COUNTED = {"turns", "interruptions", "unhandled"}


def exported(row: CallRow, events: Sequence[Event]) -> dict[str, Any]:
    """Everything on the record of a call.

    The fields of `CallRow` by their names, times in ISO 8601 and amounts as decimal numbers in
    strings; `transcript` (both sides' words as heard), `unheard`, `turns`, `tools`, `usage`,
    `cost` and the other lists, each entry with its `at_s`; what has no list is in `events`.
    """
    call = {
        field.name: _plain(getattr(row, field.name))
        for field in fields(row)
        if field.name not in _COUNTED
    }
    call |= {name: [] for name in _LISTS.values()}
    call |= {"cost": None, "events": []}
    for event in events:
        entry = {"at_s": event.at_s, **event.facts}
        if name := _LISTS.get(event.kind):
            call[name].append(entry)
        elif event.kind == "cost":
            call["cost"] = dict(event.facts)
        elif event.kind not in _IN_ROW:
            call["events"].append({"at_s": event.at_s, "kind": event.kind, **event.facts})
    return call


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case tuple():
            return list(value)
        case _:
            return value
