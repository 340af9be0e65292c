"""Many calls in one file: CSV for tables, JSON for programs."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from calls.records.queries import Records
from calls.records.rows import CallFilter, CallRow
from server.operator.access_log import Looks
from server.operator.as_json import as_json
from server.operator.asked_for import Chosen
from server.operator.calls import ROWS_AT_MOST
from server.operator.records import TheRecords

routes = APIRouter(prefix="/api/export")

Format = Literal["csv", "json"]
_TYPES: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "json": "application/json"}

# A table program takes what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@routes.get("/calls.{format}")
async def calls(
    looking: Looks, records: TheRecords, chosen: Chosen, format: Format
) -> StreamingResponse:
    """All calls that are chosen, the newest first, one row or one object a call."""
    await looking.at(f"export of calls as {format}")
    rows = _all(records, chosen)
    lines = _csv(rows) if format == "csv" else _json(rows)
    return StreamingResponse(lines, media_type=_TYPES[format], headers=_named("calls", format))


@routes.get("/figures.{format}")
async def figures(
    looking: Looks, records: TheRecords, chosen: Chosen, format: Format
) -> StreamingResponse:
    """The dashboard's numbers: as JSON, or as rows of a name and a value."""
    await looking.at(f"export of figures as {format}")
    content = as_json(await records.figures(chosen))
    if format == "json":
        text = json.dumps(content, ensure_ascii=False, indent=2)
    else:
        text = _line(("name", "value")) + "".join(_line(row) for row in flat(content))

    async def whole() -> AsyncIterator[str]:
        yield text

    return StreamingResponse(whole(), media_type=_TYPES[format], headers=_named("figures", format))


def flat(content: Any, name: str = "") -> Iterable[tuple[str, Any]]:
    """Every value of nested JSON with its path, as in `stages.turn_end.p95_ms`."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from flat(value, f"{name}.{key}" if name else str(key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from flat(value, f"{name}.{index}")
    else:
        yield name, content


async def _all(records: Records, chosen: CallFilter) -> AsyncIterator[CallRow]:
    page = await records.list_calls(chosen, limit=ROWS_AT_MOST)
    while True:
        for row in page.rows:
            yield row
        if page.next is None:
            return
        page = await records.list_calls(chosen, before=page.next, limit=ROWS_AT_MOST)


async def _csv(rows: AsyncIterator[CallRow]) -> AsyncIterator[str]:
    names = list(CallRow.__dataclass_fields__)
    yield _line(names)
    async for row in rows:
        content = as_json(row)
        yield _line(_cell(content[name]) for name in names)


async def _json(rows: AsyncIterator[CallRow]) -> AsyncIterator[str]:
    between = "[\n"
    async for row in rows:
        yield between + json.dumps(as_json(row), ensure_ascii=False)
        between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n"


def _cell(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {', '.join(map(str, names))}" for key, names in value.items())
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return value


def _line(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(
        f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
        for cell in cells
    )
    return text.getvalue()


def _named(what: str, format: Format) -> dict[str, str]:
    day = datetime.now(UTC).date().isoformat()
    return {
        "Content-Disposition": f'attachment; filename="switchboard-{what}-{day}.{format}"',
        "Cache-Control": "no-store",
    }
