"""From a filter to conditions on the table `calls`."""

from sqlalchemy import ColumnElement, TextClause, false, select

from calls.records import words
from calls.records.rows import CallFilter
from calls.records.schema import call_providers, calls, first_number

Condition = ColumnElement[bool] | TextClause

_EQUAL = {"bot": "bot", "channel": "channel", "outcome": "outcome", "ended_by": "ended_by"}


def conditions(which: CallFilter, dialect: str) -> list[Condition]:
    """What a call must meet; all of it."""
    c = calls.c
    chosen: list[Condition] = [
        c[column] == value
        for field, column in _EQUAL.items()
        if (value := getattr(which, field)) is not None
    ]
    if which.since is not None:
        chosen.append(c.number >= first_number(which.since))
    if which.until is not None:
        chosen.append(c.number < first_number(which.until))
    if which.live is not None:
        chosen.append(c.ended_ms.is_(None) if which.live else c.ended_ms.is_not(None))
    if which.ids is not None:
        chosen.append(c.id.in_(which.ids))
    if which.provider is not None:
        used = select(call_providers.c.number).where(call_providers.c.provider == which.provider)
        chosen.append(c.number.in_(used))
    if which.having is not None:
        chosen.append(c[which.having] > 0)
    if which.text is not None and which.text.strip():
        said = words.are_said(dialect, which.text)
        # A search for nothing but punctuation finds nothing.
        chosen.append(false() if said is None else said)
    return chosen
