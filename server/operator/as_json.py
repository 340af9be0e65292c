"""Rows, events and figures as JSON has them."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from calls.records.event import Event


def as_json(value: Any) -> Any:
    """Moments as ISO 8601 in UTC, money as a decimal string, anything unknown as text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case Mapping():
            return {str(key): as_json(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [as_json(one) for one in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return as_json(asdict(value))
        case _:
            return str(value)


def event_as_json(event: Event) -> dict[str, Any]:
    """An event with its facts beside the rest, as in a call's record."""
    return {
        **as_json(event.facts),
        "seq": event.seq,
        "at_s": event.at_s,
        "utc": event.utc.isoformat(),
        "kind": event.kind,
    }
