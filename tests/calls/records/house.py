"""Events and stores for the tests of records."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from calls.records.database import Database
from calls.records.event import Event
from settings import Settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(call_id: str, seq: int, kind: str, *, utc: datetime | None = None, **facts: Any) -> Event:
    """An event of a call that was answered at noon, and that has one a second."""
    return Event(call_id, seq, float(seq), utc or NOON + timedelta(seconds=seq), kind, facts)


def settings(**values: Any) -> Settings:
    """The defaults, and what is given."""
    return Settings.model_validate(values)


def whole_call(call_id: str, **opened: Any) -> list[Event]:
    """A short call that is over."""
    return [
        event(call_id, 1, "call", **{"bot": "greeter", "channel": "web", **opened}),
        event(call_id, 2, "heard", who="caller", text="where is my parcel"),
        event(call_id, 3, "heard", who="bot", text="It comes tomorrow."),
        event(call_id, 4, "turn", turn=1, said="where is my parcel", first_audio_out_ms=700.0),
        event(call_id, 5, "outcome", outcome="abandoned", by="rules", why="nothing says"),
        event(call_id, 6, "end", reason="the caller hung up", duration_s=6.0, by="caller"),
    ]


def rows(database: Database, query: str, **values: Any) -> list[dict[str, Any]]:
    """What a query finds."""
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]


def kept(database: Database, call_id: str) -> list[tuple[int, str]]:
    """The events of a call that are in the database: `(seq, kind)`."""
    found = rows(
        database,
        "SELECT seq, kind FROM events JOIN calls USING (number) WHERE id = :id ORDER BY seq",
        id=call_id,
    )
    return [(row["seq"], row["kind"]) for row in found]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
