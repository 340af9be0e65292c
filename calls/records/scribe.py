"""Writes events into the database, and keeps each call's row up to date with them."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from calls.records import stages, upsert, words
from calls.records.event import Event
from calls.records.kept import Kept
from calls.records.projection import AFTERWARDS, Projection
from calls.records.schema import (
    call_providers,
    call_stages,
    calls,
    events,
    moment_of,
    ms_of,
    number_of_call,
)


@dataclass
class _Call:
    number: int
    owner: str
    projection: Projection
    turns_kept: int = 0
    words_kept: int = 0
    providers_kept: Sequence[Mapping[str, Any]] = ()

    @property
    def has_news_for_search(self) -> bool:
        """Whether words are to be indexed; those of a long call not anew for every few of them."""
        said = len(self.projection.words)
        few = said < 1.25 * self.words_kept and not self.projection.over
        return said > self.words_kept and not few


class Scribe:
    """The writing side of one process. Not for several threads."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}

    @property
    def open_calls(self) -> int:
        """How many calls are followed."""
        return len(self._calls)

    def forget(self) -> None:
        """A transaction failed: what was taken from it is read again."""
        self._calls.clear()

    def write(self, connection: Connection, batch: Sequence[Kept], owner: str) -> None:
        """Take in events, each once, whatever was taken in before and in whatever order.

        Parameters:
            connection: In a transaction.
            batch: The events.
            owner: The process whose calls they are of.
        """
        by_call: dict[str, dict[int, Kept]] = {}
        for kept in batch:
            by_call.setdefault(kept.event.call_id, {}).setdefault(kept.event.seq, kept)
        self._find(connection, by_call, owner)
        fresh = {
            call_id: [its[seq] for seq in sorted(its.keys() - self._calls[call_id].projection.seqs)]
            for call_id, its in by_call.items()
        }
        touched = [self._calls[call_id] for call_id, its in fresh.items() if its]
        rows = [_row(call.number, k) for call in touched for k in fresh[call.projection.call_id]]
        upsert.new_only(connection, events, rows)
        # Whoever ends a call itself was taken for dead, and was not.
        ended = [call.number for call in touched if _has_end(fresh[call.projection.call_id])]
        if ended:
            afterwards = (events.c.number.in_(ended), events.c.seq >= AFTERWARDS)
            connection.execute(delete(events).where(*afterwards))
        for call in touched:
            self._follow(connection, call, fresh[call.projection.call_id])
        self._keep(connection, touched)
        for call in touched:
            if call.projection.over:
                self._calls.pop(call.projection.call_id, None)

    def _find(
        self, connection: Connection, by_call: Mapping[str, Mapping[int, Kept]], owner: str
    ) -> None:
        """Have every call among those that are followed."""
        unknown = [call_id for call_id in by_call if call_id not in self._calls]
        if not unknown:
            return
        which = select(calls.c.id, calls.c.number, calls.c.owner).where(calls.c.id.in_(unknown))
        for row in connection.execute(which).all():
            projection = _read(connection, row.number, row.id)
            self._calls[row.id] = _Call(row.number, row.owner, projection)
        new = [call_id for call_id in unknown if call_id not in self._calls]
        numbers = _numbers_of([next(iter(by_call[call_id].values())).event for call_id in new])
        while connection.scalars(select(calls.c.number).where(calls.c.number.in_(numbers))).first():
            numbers = _numbers_of([next(iter(by_call[c].values())).event for c in new])
        for call_id, number in zip(new, numbers, strict=True):
            self._calls[call_id] = _Call(number, owner, Projection(call_id))

    def _follow(self, connection: Connection, call: _Call, its: Sequence[Kept]) -> None:
        """Have the call's row know its new events."""
        if its[0].event.seq < max(call.projection.seqs, default=0):
            call.projection = _read(connection, call.number, call.projection.call_id)
            call.turns_kept = 0
        else:
            for kept in its:
                call.projection.take(kept.event)

    def _keep(self, connection: Connection, touched: Sequence[_Call]) -> None:
        upsert.into(connection, calls, [_call_row(c) for c in touched], keeping=("id", "owner"))
        used = [(call, list(_provider_rows(call))) for call in touched]
        used = [(call, rows) for call, rows in used if rows != call.providers_kept]
        upsert.into(connection, call_providers, [row for _, rows in used for row in rows])
        for call, rows in used:
            call.providers_kept = rows
        longer = [call for call in touched if len(call.projection.turns) > call.turns_kept]
        packed = [
            {"number": call.number, "stages": stages.packed(call.projection.turns)}
            for call in longer
        ]
        upsert.into(connection, call_stages, packed)
        for call in longer:
            call.turns_kept = len(call.projection.turns)
        said = [call for call in touched if call.has_news_for_search]
        words.keep(connection, {call.number: call.projection.words for call in said})
        for call in said:
            call.words_kept = len(call.projection.words)


def events_of(
    connection: Connection, number: int, call_id: str, *, after_seq: int = 0
) -> list[Event]:
    """The events of a call in order."""
    c = events.c
    rows = connection.execute(
        select(c.seq, c.at_s, c.utc_ms, c.kind, c.facts)
        .where(c.number == number, c.seq > after_seq)
        .order_by(c.seq)
    )
    return [
        Event(call_id, row.seq, row.at_s, moment_of(row.utc_ms), row.kind, json.loads(row.facts))
        for row in rows
    ]


def _read(connection: Connection, number: int, call_id: str) -> Projection:
    projection = Projection(call_id)
    for event in events_of(connection, number, call_id):
        projection.take(event)
    return projection


def _row(number: int, kept: Kept) -> dict[str, Any]:
    event = kept.event
    return {
        "number": number,
        "seq": event.seq,
        "at_s": event.at_s,
        "utc_ms": ms_of(event.utc),
        "kind": event.kind,
        "facts": kept.facts,
    }


def _has_end(its: Sequence[Kept]) -> bool:
    return any(kept.event.kind == "end" and kept.event.seq < AFTERWARDS for kept in its)


def _call_row(call: _Call) -> dict[str, Any]:
    projection = call.projection
    own = {"number": call.number, "id": projection.call_id, "owner": call.owner}
    return {**own, **projection.row()}


def _provider_rows(call: _Call) -> Iterator[dict[str, Any]]:
    for (stage, name), used in call.projection.providers.items():
        row = {"provider": name, "number": call.number, "stage": stage}
        yield {**row, "failures": used.failures, "cost_nano": used.cost_nano}


def _numbers_of(firsts: Sequence[Event]) -> list[int]:
    """New numbers for calls by their first events. One may be taken, once in a million."""
    return [
        number_of_call(ms_of(first.utc) - round(first.at_s * 1000), secrets.randbits(20))
        for first in firsts
    ]
