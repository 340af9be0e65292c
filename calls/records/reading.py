"""From rows of the table `calls` to what is shown of them."""

import json
from decimal import Decimal
from typing import Any

from calls.records.projection import NANO
from calls.records.rows import CallRow
from calls.records.schema import moment_of

_AS_THEY_ARE = (
    *("id", "bot", "bot_version", "channel", "direction", "caller", "duration_s", "end_reason"),
    *("ended_by", "outcome", "outcome_by", "outcome_why", "turns", "interruptions"),
    *("failed_tools", "unhandled", "fillers", "silences", "bounds_reached", "switches"),
    *("v2v_p50_ms", "v2v_max_ms", "dead_air_max_ms", "cost_currency", "csat", "events_missing"),
)


def call_row(row: Any) -> CallRow:
    """One call in short."""
    return CallRow(
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
        started_utc=moment_of(row.started_ms),
        answered_utc=None if row.answered_ms is None else moment_of(row.answered_ms),
        ended_utc=None if row.ended_ms is None else moment_of(row.ended_ms),
        live=row.ended_ms is None,
        cost_amount=money(row.cost_nano),
        unpriced=tuple(json.loads(row.unpriced)) if row.unpriced else (),
        providers=json.loads(row.providers) if row.providers else {},
        recording=bool(row.recording),
    )


def money(nano: int | Decimal | None) -> Decimal | None:
    """An amount from its billionths."""
    return None if nano is None else Decimal(nano) / NANO
