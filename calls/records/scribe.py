"""Writes events into the database, and keeps each call's row up to date with them."""

import json
import secrets
from collections.abc import Sequence
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
        by_call: dict[str, list[Kept]] = {}
        for kept in batch:
            by_call.setdefault(kept.event.call_id, []).append(kept)
        touched: list[_Call] = []
        for call_id, its in by_call.items():
            call = self._calls.get(call_id) or self._found(connection, call_id)
            call = call or self._new(connection, its[0].event, owner)
            self._calls[call_id] = call
            if self._take(connection, call, its):
                touched.append(call)
        if touched:
            self._keep(connection, touched)
        for call in touched:
            if call.projection.over:
                self._calls.pop(call.projection.call_id, None)

    def _take(self, connection: Connection, call: _Call, its: list[Kept]) -> bool:
        known = call.projection.seqs
        fresh = {kept.event.seq: kept for kept in its if kept.event.seq not in known}
        if not fresh:
            return False
        in_order = sorted(fresh)
        upsert.new_only(connection, events, [_row(call.number, fresh[seq]) for seq in in_order])
        if any(k.event.kind == "end" and k.event.seq < AFTERWARDS for k in fresh.values()):
            # It was taken for dead, and was not.
            these = (events.c.number == call.number, events.c.seq >= AFTERWARDS)
            connection.execute(delete(events).where(*these))
        if in_order[0] < max(known, default=0):
            call.projection = _read(connection, call.number, call.projection.call_id)
            call.turns_kept = 0
        else:
            for seq in in_order:
                call.projection.take(fresh[seq].event)
        return True

    def _keep(self, connection: Connection, touched: list[_Call]) -> None:
        upsert.into(
            connection,
            calls,
            [
                {
                    "number": call.number,
                    "id": call.projection.call_id,
                    "owner": call.owner,
                    **call.projection.row(),
                }
                for call in touched
            ],
            keeping=("id", "owner"),
        )
        for call in touched:
            self._keep_parts(connection, call)

    def _keep_parts(self, connection: Connection, call: _Call) -> None:
        projection = call.projection
        if len(projection.turns) > call.turns_kept:
            packed = stages.packed(projection.turns)
            upsert.into(connection, call_stages, [{"number": call.number, "stages": packed}])
            call.turns_kept = len(projection.turns)
        if projection.providers:
            rows = [
                {
                    "provider": name,
                    "number": call.number,
                    "stage": stage,
                    "failures": used.failures,
                    "cost_nano": used.cost_nano,
                }
                for (stage, name), used in projection.providers.items()
            ]
            upsert.into(connection, call_providers, rows)
        said = len(projection.words)
        # The words of a long call are not all indexed anew for every few of them.
        if said > call.words_kept and (projection.over or said >= 1.25 * call.words_kept):
            words.keep(connection, call.number, projection.words)
            call.words_kept = said

    def _found(self, connection: Connection, call_id: str) -> _Call | None:
        which = select(calls.c.number, calls.c.owner).where(calls.c.id == call_id)
        found = connection.execute(which).first()
        if found is None:
            return None
        return _Call(found.number, found.owner, _read(connection, found.number, call_id))

    def _new(self, connection: Connection, first: Event, owner: str) -> _Call:
        began_ms = ms_of(first.utc) - round(first.at_s * 1000)
        while True:
            number = number_of_call(began_ms, secrets.randbits(20))
            taken = connection.scalar(select(calls.c.id).where(calls.c.number == number))
            if taken is None:
                return _Call(number, owner, Projection(first.call_id))


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
