"""The calls for the pages: the list, one call, its events as they come, and its end."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from loguru import logger
from starlette.requests import HTTPConnection

from calls.records.queries import Records
from calls.records.rows import HAVING, OUTCOMES, CallRow
from server.house import House, house
from server.operator.access_log import Looks
from server.operator.as_json import as_json, event_as_json
from server.operator.asked_for import Chosen, Place
from server.operator.door import Operator
from server.operator.following import Following
from server.operator.records import TheRecords, row_of
from server.operator.verdict import verdict

routes = APIRouter(prefix="/api/calls")

TheHouse = Annotated[House, Depends(house)]

ROWS_AT_MOST = 200
ENDED_BY_OPERATOR = "ended by an operator"


def _following(connection: HTTPConnection) -> Following:
    return connection.app.state.following


TheFollowing = Annotated[Following, Depends(_following)]


@routes.get("")
async def calls(
    looking: Looks,
    records: TheRecords,
    chosen: Chosen,
    before: Place,
    limit: Annotated[int, Query(ge=1, le=ROWS_AT_MOST)] = 50,
) -> dict[str, Any]:
    """Calls, the newest first: `{"rows": [...], "next": place | null}`."""
    page = await records.list_calls(chosen, before=before, limit=limit)
    await looking.at(f"calls {_described(chosen)}".strip())
    return {"rows": as_json(page.rows), "next": str(page.next) if page.next else None}


@routes.get("/choices")
async def choices(_: Operator, house: TheHouse) -> dict[str, Any]:
    """What calls can be chosen by."""
    return {
        "bots": [{"name": bot.name, "title": bot.title} for bot in house.bots.values()],
        "channels": ["phone", "web", "daily", "eval"],
        "outcomes": list(OUTCOMES),
        "having": list(HAVING),
        "providers": sorted({one.name for rows in house.choices.values() for one in rows}),
        "silence_bound_ms": house.settings.silence_bound_ms,
    }


@routes.get("/{call_id}")
async def call(
    looking: Looks, records: TheRecords, house: TheHouse, call_id: str
) -> dict[str, Any]:
    """One call with its verdict and everything that happened in it so far."""
    row = await row_of(records, call_id)
    events = await records.events(call_id)
    await looking.at(f"call {call_id}")
    return {
        "call": _as_shown(row, house),
        "verdict": as_json(verdict(row, events)),
        "events": [event_as_json(event) for event in events],
        "silence_bound_ms": house.settings.silence_bound_ms,
    }


@routes.get("/{call_id}/stream")
async def stream(
    request: Request,
    looking: Looks,
    records: TheRecords,
    house: TheHouse,
    following: TheFollowing,
    call_id: str,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> StreamingResponse:
    """Server-sent events while the call runs: `happened` with events, `call` with row and verdict.

    After the last `call`, which is not live, comes `over`. A client that comes back says in
    `Last-Event-ID` up to where it has read.
    """
    await row_of(records, call_id)
    last = request.headers.get("last-event-id", "")
    after_seq = int(last) if last.isdecimal() and len(last) < 10 else after
    await looking.at(f"call {call_id} as it runs")
    return StreamingResponse(
        _messages(records, house, following, call_id, after_seq),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@routes.post("/{call_id}/end", status_code=202)
async def end(looking: Looks, house: TheHouse, records: TheRecords, call_id: str) -> dict:
    """Hang up, at once."""
    await row_of(records, call_id)
    if not await house.calls.end(call_id, ENDED_BY_OPERATOR):
        raise HTTPException(409, "This call is not running in this process, or is over already.")
    await looking.at(f"call {call_id}: ended it")
    logger.info(f"{looking.who} ended the call {call_id[:8]}")
    return {"status": "ending"}


async def _messages(
    records: Records, house: House, following: Following, call_id: str, after_seq: int
) -> AsyncIterator[str]:
    shown: str | None = None
    async for events in following.of(records, call_id, after_seq):
        if events:
            content = [event_as_json(event) for event in events]
            yield _message("happened", content, id=events[-1].seq)
        row = await records.call(call_id)
        if row is None:
            break
        state = {
            "call": _as_shown(row, house),
            "verdict": as_json(verdict(row, await records.events(call_id))),
        }
        if (told := json.dumps(state, sort_keys=True)) != shown:
            shown = told
            yield _message("call", state)
        elif not events:
            # Nothing happened; whoever stands in between must not take the connection for dead.
            yield ": still here\n\n"
        if not row.live:
            break
    yield _message("over", {})


def _message(name: str, content: Any, *, id: int | None = None) -> str:
    numbered = f"id: {id}\n" if id is not None else ""
    return f"event: {name}\n{numbered}data: {json.dumps(content, ensure_ascii=False)}\n\n"


def _as_shown(row: CallRow, house: House) -> dict[str, Any]:
    return {**as_json(row), "can_be_ended": row.live and house.calls.has(row.id)}


def _described(chosen: Any) -> str:
    asked = {name: value for name, value in vars(chosen).items() if value is not None}
    # What was searched for may be what the redaction keeps out of everything else.
    if "text" in asked:
        asked["text"] = "…"
    return " ".join(f"{name}={value}" for name, value in asked.items())
