"""`switchboard calls`: what the records say of calls, and how long they are kept."""

import asyncio
import csv
import json
import re
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.markup import escape

from settings import Settings, SettingsError

if TYPE_CHECKING:
    from calls.records.queries import Records
    from calls.records.rows import CallFilter

calls = typer.Typer(help="What the records say of calls.", no_args_is_help=True)

_PAGE = 500
# A table program takes what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_AGO = re.compile(r"(\d+)([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@calls.command()
def export(
    as_csv: Annotated[
        bool, typer.Option("--csv/--json", help="A row, or an object, a call")
    ] = False,
    since: Annotated[str, typer.Option(help="As in 2026-03-01, or 7d for a week ago")] = "",
    until: Annotated[str, typer.Option(help="Calls that began before then")] = "",
    bot: Annotated[str, typer.Option(help="Calls of this bot only")] = "",
) -> None:
    """Print all that is on the record of every call, one a line, the newest first."""
    from calls.records.rows import CallFilter

    which = CallFilter(bot=bot or None, since=_moment(since), until=_moment(until))
    _with_records(lambda records: _export(records, which, sys.stdout, as_csv=as_csv))


@calls.command()
def show(call_id: Annotated[str, typer.Argument(metavar="ID", help="The call's id")]) -> None:
    """Show one call: how it went, and what happened in it."""
    _with_records(lambda records: _show(records, call_id, Console()))


@calls.command()
def retain() -> None:
    """Erase what is too old, by RETAIN_RECORDS_DAYS and its siblings."""
    from sqlalchemy.exc import SQLAlchemyError

    from calls.records.database import Database, in_short
    from calls.records.retaining import retain as let_go

    settings = _settings()
    database = Database.of(settings)
    try:
        gone = let_go(database, settings)
    except (SQLAlchemyError, OSError) as error:
        typer.echo(f"What is too old could not be erased: {in_short(error)}", err=True)
        raise typer.Exit(1) from None
    finally:
        database.close()
    typer.echo(
        f"Erased: {gone.records} records, {gone.transcripts} transcripts and "
        f"{gone.recordings} recordings that were too old."
    )


async def _export(records: "Records", which: "CallFilter", out: TextIO, *, as_csv: bool) -> int:
    await records.looked_at("command line", f"export of calls as {'csv' if as_csv else 'json'}")
    rows = csv.writer(out)
    names: list[str] = []
    async for call in _all(records, which):
        if not as_csv:
            out.write(json.dumps(call, ensure_ascii=False) + "\n")
            continue
        if not names:
            names = list(call)
            rows.writerow(names)
        rows.writerow(_cell(call[name]) for name in names)
    return 0


async def _all(records: "Records", which: "CallFilter") -> AsyncIterator[Mapping[str, Any]]:
    page = await records.list_calls(which, limit=_PAGE)
    while True:
        for row in page.rows:
            # It may have been erased since.
            if call := await records.export(row.id):
                yield call
        if page.next is None:
            return
        page = await records.list_calls(which, before=page.next, limit=_PAGE)


async def _show(records: "Records", call_id: str, console: Console) -> int:
    await records.looked_at("command line", f"call {call_id}")
    row, events = await records.call(call_id), await records.events(call_id)
    if row is None:
        console.print(f"There is no record of a call {escape(call_id)}.")
        return 1
    state = "running" if row.live else f"{row.outcome or 'over'} ({row.outcome_why})"
    ended = f"; ended by {row.ended_by}: {row.end_reason}" if row.ended_by else ""
    cost = f"; {row.cost_amount} {row.cost_currency}" if row.cost_amount is not None else ""
    began = f"{row.started_utc:%Y-%m-%d %H:%M:%S} UTC"
    console.print(f"{row.bot} {row.bot_version}, {row.channel} {row.caller}, {began}", markup=False)
    console.print(f"{state}{ended}{cost}", markup=False)
    for event in events:
        facts = " ".join(
            f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in event.facts.items()
        )
        console.print(f"{event.at_s:8.2f} {event.kind:<16} {facts}", markup=False, soft_wrap=True)
    return 0


def _with_records(job: Any) -> None:
    from calls.records.database import Database
    from calls.records.queries import Records, RecordsUnavailable

    records = Records(Database.of(_settings()))
    try:
        code = asyncio.run(job(records))
    except RecordsUnavailable as error:
        typer.echo(str(error), err=True)
        code = 1
    finally:
        records.close()
    raise typer.Exit(code)


def _settings() -> Settings:
    try:
        return Settings.load()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        if ago := _AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        message = f"{text} is no moment; write 2026-03-01, 2026-03-01T12:00+00:00 or 7d"
        raise typer.BadParameter(message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cell(value: Any) -> Any:
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
