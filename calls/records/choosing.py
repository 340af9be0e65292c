"""From a filter to conditions on the table `calls`, and to the list of what meets them."""

from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    TextClause,
    column,
    false,
    literal_column,
    select,
    table,
    text,
)

from calls.records import words
from calls.records.rows import CallFilter
from calls.records.schema import call_providers, calls, first_number

Condition = ColumnElement[bool] | TextClause
Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])

_EQUAL = ("bot", "channel", "outcome", "ended_by")
_INDEX = table("call_words", column("rowid"), column("number"))


def conditions(which: CallFilter, dialect: str) -> list[Condition]:
    """What a call must meet; all of it."""
    chosen = _but_for_text(which, calls.c.number)
    if (query := _words(which, dialect)) is not None:
        said = select(_key(dialect)).where(_match(dialect, query))
        chosen.append(calls.c.number.in_(said) if query else false())
    return chosen


def of_chosen(
    query: Query, table: Table, which: CallFilter, dialect: str, *, beside_calls: bool = False
) -> Query:
    """A query of a table's rows, with only those that are of the calls that are chosen.

    Parameters:
        query: What is read.
        table: Has the `number` of a call in each row.
        which: Chooses the calls.
        dialect: Of the database.
        beside_calls: The query reads columns of `calls`, too.
    """
    if not beside_calls and which == CallFilter(since=which.since, until=which.until):
        # Their numbers say when they began: not one of the calls need be read.
        return query.where(*_but_for_text(which, table.c.number))
    joined = query.join_from(table, calls, table.c.number == calls.c.number)
    return joined.where(*conditions(which, dialect))


def newest_first(which: CallFilter, dialect: str) -> tuple[Select[Any], ColumnElement[int]]:
    """The calls that are chosen, the newest first, and the number that they are in order of."""
    query = _words(which, dialect)
    if not query or dialect != "sqlite":
        listed = select(calls).where(*conditions(which, dialect))
        return listed.order_by(calls.c.number.desc()), calls.c.number
    # The index gives its calls in order: of a frequent word only a page is ever read.
    number = _key(dialect)
    listed = select(calls).join_from(_INDEX, calls, calls.c.number == number)
    listed = listed.where(_match(dialect, query), *_but_for_text(which, number))
    return listed.order_by(number.desc()), number


def _but_for_text(which: CallFilter, number: ColumnElement[int]) -> list[Condition]:
    c = calls.c
    chosen: list[Condition] = [
        c[name] == value for name in _EQUAL if (value := getattr(which, name)) is not None
    ]
    if which.since is not None:
        chosen.append(number >= first_number(which.since))
    if which.until is not None:
        chosen.append(number < first_number(which.until))
    if which.live is not None:
        chosen.append(c.ended_ms.is_(None) if which.live else c.ended_ms.is_not(None))
    if which.ids is not None:
        chosen.append(c.id.in_(which.ids))
    if which.provider is not None:
        used = select(call_providers.c.number).where(call_providers.c.provider == which.provider)
        chosen.append(c.number.in_(used))
    if which.having is not None:
        # Not a parameter: an index of the calls that have it is known by this text.
        chosen.append(c[which.having] > literal_column("0"))
    return chosen


def _words(which: CallFilter, dialect: str) -> str | None:
    """What the index is asked for; "" where there is no word in the text, None without a text."""
    if which.text is None or not which.text.strip():
        return None
    return words.query(dialect, which.text)


def _match(dialect: str, query: str) -> TextClause:
    if dialect == "sqlite":
        return text("call_words MATCH :words").bindparams(words=query)
    return text("call_words.words @@ to_tsquery('simple', :words)").bindparams(words=query)


def _key(dialect: str) -> ColumnElement[int]:
    return _INDEX.c.rowid if dialect == "sqlite" else _INDEX.c.number
