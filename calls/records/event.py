"""One event of a call, as it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that happened in a call.

    Parameters:
        call_id: Of which call.
        seq: Counts from 1 in each call; with the call's id it names the event.
        at_s: Seconds since the call was answered.
        utc: When it happened.
        kind: What it is, such as "heard" or "turn".
        facts: What there is to say of it, as JSON has it.
    """

    call_id: str
    seq: int
    at_s: float
    utc: datetime
    kind: str
    facts: Mapping[str, Any]
