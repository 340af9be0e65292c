"""Which calls a request is about: the filters of an address's query."""

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, HTTPException, Query

from calls.records.rows import HAVING, OUTCOMES, CallFilter, Cursor

_IDS_AT_MOST = 200
_TEXT_AT_MOST = 200
_NAME_AT_MOST = 100

Name = Annotated[str | None, Query(max_length=_NAME_AT_MOST)]


def call_filter(
    bot: Name = None,
    channel: Name = None,
    outcome: Name = None,
    provider: Name = None,
    ended_by: Name = None,
    having: Name = None,
    since: Name = None,
    until: Name = None,
    q: Annotated[str | None, Query(max_length=_TEXT_AT_MOST)] = None,
    live: bool | None = None,
    ids: Annotated[str | None, Query(max_length=_IDS_AT_MOST * 70)] = None,
) -> CallFilter:
    """The calls that are meant; an empty value is none.

    Raises:
        HTTPException: 422, naming what is wrong and what would be right.
    """
    _one_of("outcome", outcome, OUTCOMES)
    _one_of("having", having, HAVING)
    chosen = tuple(one for one in (ids or "").split(",") if one)[:_IDS_AT_MOST]
    return CallFilter(
        bot=bot or None,
        channel=channel or None,
        outcome=outcome or None,
        provider=provider or None,
        since=_moment("since", since),
        until=_moment("until", until, end_of_day=True),
        text=(q or "").strip() or None,
        live=live,
        ids=chosen or None,
        ended_by=ended_by or None,
        having=having or None,  # pyright: ignore[reportArgumentType]
    )


def place(before: Name = None) -> Cursor | None:
    """Where in the list of calls the page begins.

    Raises:
        HTTPException: 422, when that is no place.
    """
    try:
        return Cursor.parse(before) if before else None
    except ValueError:
        raise HTTPException(422, "before= is what `next` of the page before it says.") from None


Chosen = Annotated[CallFilter, Depends(call_filter)]
Place = Annotated[Cursor | None, Depends(place)]


def _one_of(name: str, value: str | None, known: tuple[str, ...]) -> None:
    if value and value not in known:
        raise HTTPException(422, f"{name}={value} is unknown. There are: {', '.join(known)}.")


def _moment(name: str, value: str | None, *, end_of_day: bool = False) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise HTTPException(
            422, f"{name}={value} is no time. Write it as 2026-01-31 or 2026-01-31T12:00:00Z."
        ) from None
    if end_of_day and "T" not in value and len(value) == len("2026-01-31"):
        # The last day of all has none after it.
        with contextlib.suppress(OverflowError):
            moment += timedelta(days=1)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
