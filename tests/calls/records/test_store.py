"""The store keeps what it is given: in the database, or in a file while that is away."""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from calls.records import upsert
from calls.records.database import DATABASE_FILE, Database
from calls.records.event import Event
from calls.records.kept import Kept
from calls.records.owner import Owner
from calls.records.projection import Projection
from calls.records.schema import owners
from calls.records.scribe import Scribe
from calls.records.spill import Spill
from calls.records.store import RecordStore
from tests.calls.records.conftest import OpenDatabase
from tests.calls.records.house import event, kept, lines, rows, whole_call

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
async def store(database: Database) -> AsyncIterator[RecordStore]:
    store = RecordStore(database)
    yield store
    await store.close()


def put(store: RecordStore, *events: Event) -> None:
    for each in events:
        store.put(each)


def row(store: RecordStore, call_id: str) -> dict:
    (found,) = rows(store.database, "SELECT * FROM calls WHERE id = :id", id=call_id)
    return found


async def test_call_is_in_the_database_while_it_runs(store: RecordStore) -> None:
    put(store, *whole_call("a-call")[:4])
    await store.flush()
    assert [kind for _, kind in kept(store.database, "a-call")] == [
        "call",
        "heard",
        "heard",
        "turn",
    ]
    running = row(store, "a-call")
    assert (running["bot"], running["turns"], running["v2v_p50_ms"]) == ("greeter", 1, 700.0)
    assert running["ended_ms"] is None


async def test_event_that_comes_twice_counts_once(store: RecordStore) -> None:
    put(store, *whole_call("a-call"), *whole_call("a-call"))
    await store.flush()
    put(store, *whole_call("a-call"))
    await store.flush()
    assert len(kept(store.database, "a-call")) == 6
    assert row(store, "a-call")["turns"] == 1


async def test_events_in_the_wrong_order_make_the_same_row(store: RecordStore) -> None:
    put(store, *whole_call("in-order"))
    await store.flush()
    for each in reversed(whole_call("reversed")):
        put(store, each)
        await store.flush()
    wanted, got = row(store, "in-order"), row(store, "reversed")
    own = {"id", "number", "owner"}
    assert {k: v for k, v in got.items() if k not in own} == {
        k: v for k, v in wanted.items() if k not in own
    }


async def test_gap_in_the_events_is_said_in_the_record(store: RecordStore) -> None:
    put(store, *(e for e in whole_call("a-call") if e.seq not in (2, 3)))
    await store.flush()
    assert row(store, "a-call")["events_missing"] == 2


async def test_facts_that_are_no_json_are_kept_as_far_as_they_can_be(store: RecordStore) -> None:
    endless: list = []
    endless.append(endless)
    put(
        store,
        event("a-call", 1, "call", bot="greeter\0\ud800", ratio=float("nan"), place=Path("/tmp")),
        event("a-call", 2, "tool", name="look", result=endless),
        event("a-call", 3, "tool", name="look", result="x" * 1_000_000),
        event("a-call", 4, "dead_air", dead_air_ms="long", steps="many"),
        event("a-call", 5, "cost", amount="a lot", parts=[None, "x"], unpriced=None),
    )
    await store.flush()
    assert len(kept(store.database, "a-call")) == 5
    assert store.dropped == 0


async def test_more_than_can_be_written_is_dropped_and_counted(tmp_path: Path) -> None:
    store = RecordStore(Database(tmp_path), queue_at_most=3)
    store.start = lambda: None
    put(store, *(event("a-call", seq, "sound") for seq in range(2, 8)))
    put(store, event("a-call", 8, "end", reason="ended", duration_s=8.0))
    assert store.dropped == 3
    del store.start
    store.start()
    await store.flush()
    assert kept(store.database, "a-call")[-1] == (8, "end")
    await store.close()


async def test_tap_is_told_of_every_event_and_cannot_break_the_call(store: RecordStore) -> None:
    told: list[str] = []

    def broken(_: Event) -> None:
        raise RuntimeError("tap")

    store.listen(lambda each: told.append(each.kind))
    store.listen(broken)
    put(store, event("a-call", 1, "call"), event("a-call", 2, "end"))
    await store.flush()
    assert told == ["call", "end"]
    assert len(kept(store.database, "a-call")) == 2


class TestDatabaseThatIsAway:
    """It is away when another connection holds the write lock, or where it is no database."""

    @pytest.fixture
    def lock(self, tmp_path: Path) -> sqlite3.Connection:
        Database(tmp_path).reading().__enter__()
        connection = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        return connection

    async def test_events_wait_in_a_file_and_are_taken_in_later(
        self, tmp_path: Path, lock: sqlite3.Connection
    ) -> None:
        store = RecordStore(Database(tmp_path))
        put(store, *whole_call("a-call")[:3])
        await store.flush()
        (spilled,) = (tmp_path / "spill").glob("*.jsonl")
        assert [line["seq"] for line in lines(spilled)] == [1, 2, 3]
        assert (store.spilled, store.dropped) == (3, 0)
        lock.execute("ROLLBACK")
        put(store, *whole_call("a-call")[3:])
        await store.close()
        left = Spill(spilled)
        following = RecordStore(Database(tmp_path))
        following.start()
        await following.flush()
        assert not left
        assert len(kept(following.database, "a-call")) == 6
        assert row(following, "a-call")["end_reason"] == "the caller hung up"
        await following.close()

    async def test_file_has_an_end_but_calls_do_not_stay_open(
        self, tmp_path: Path, lock: sqlite3.Connection
    ) -> None:
        store = RecordStore(Database(tmp_path), spill_at_most=2_000)
        noise = [event("a-call", seq, "sound", text="x" * 200) for seq in range(2, 100)]
        put(store, event("a-call", 1, "call", bot="greeter"), *noise)
        put(store, event("a-call", 100, "end", reason="ended", duration_s=100.0))
        await store.flush()
        assert 80 < store.dropped < 98
        lock.execute("ROLLBACK")
        await store.close()
        following = RecordStore(Database(tmp_path))
        following.start()
        await following.flush()
        found = row(following, "a-call")
        assert found["events_missing"] == store.dropped
        assert found["ended_ms"] is not None
        await following.close()

    async def test_folder_that_cannot_be_written_never_touches_the_call(
        self, tmp_path: Path
    ) -> None:
        in_the_way = tmp_path / "data"
        in_the_way.write_text("a file where the folder should be")
        store = RecordStore(Database(in_the_way), queue_at_most=10)
        put(store, *(event("a-call", seq, "sound") for seq in range(1, 30)))
        await store.flush()
        put(store, event("a-call", 30, "end", reason="ended", duration_s=30.0))
        await store.flush()
        assert store.dropped > 0
        await store.close()


@contextmanager
def full_disk(free_bytes: int) -> Iterator[None]:
    """No file of this process may be longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_full_disk_loses_nothing_that_there_is_room_for_in_memory(tmp_path: Path) -> None:
    store = RecordStore(Database(tmp_path))
    put(store, *whole_call("a-call")[:1])
    await store.flush()
    spill = tmp_path / "spill"
    with full_disk(free_bytes=2_000):
        put(store, *whole_call("a-call")[1:5], event("b-call", 1, "sound", text="x" * 5_000))
        await store.flush()
        assert not any(path.stat().st_size for path in spill.glob("*"))
    put(store, *whole_call("a-call")[5:])
    await store.close()
    following = RecordStore(Database(tmp_path))
    following.start()
    await following.flush()
    assert len(kept(following.database, "a-call")) == 6
    assert row(following, "a-call")["events_missing"] == 0
    assert store.dropped == 0
    await following.close()


async def test_only_the_event_that_cannot_be_kept_is_lost(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Projection.take

    def take_all_but_one(self: Projection, each: Event) -> None:
        if each.kind == "poison":
            raise ValueError("poison")
        take(self, each)

    monkeypatch.setattr(Projection, "take", take_all_but_one)
    put(store, *whole_call("a-call")[:4], event("b-call", 1, "poison"), *whole_call("c-call"))
    await store.flush()
    assert store.dropped == 1
    assert len(kept(store.database, "a-call")) == 4
    assert len(kept(store.database, "c-call")) == 6


class TestProcessThatDied:
    CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from calls.records.database import Database
from calls.records.event import Event
from calls.records.store import RecordStore

async def main():
    store = RecordStore(Database(Path(sys.argv[1])))
    store.start()
    await store.flush()
    for seq in range(1, 10_000):
        kind = "call" if seq == 1 else "sound"
        store.put(Event("a-call", seq, seq / 100, datetime.now(UTC), kind, {"bot": "greeter"}))
        print(seq, datetime.now(UTC).timestamp(), flush=True)
        await asyncio.sleep(0.01)

asyncio.run(main())
"""

    def killed_in_mid_call(self, folder: Path) -> list[float]:
        """When each event was put, by a process that is killed after three seconds of them."""
        child = subprocess.Popen(
            [sys.executable, "-c", self.CHILD, str(folder)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert child.stdout
        put_at_s: list[float] = []
        for line in child.stdout:
            put_at_s.append(float(line.split()[1]))
            if len(put_at_s) == 200:
                os.kill(child.pid, signal.SIGKILL)
        child.wait()
        return put_at_s

    async def test_nothing_older_than_a_second_is_missing_and_the_record_closes(
        self, tmp_path: Path
    ) -> None:
        put_at_s = self.killed_in_mid_call(tmp_path)
        died_s = put_at_s[-1]
        store = RecordStore(Database(tmp_path))
        store.start()
        await store.flush()
        there = [seq for seq, _ in kept(store.database, "a-call")]
        old = [seq for seq, at_s in enumerate(put_at_s, 1) if died_s - at_s > 1.0]
        assert set(old) <= set(there)
        found = row(store, "a-call")
        assert (found["end_reason"], found["ended_by"]) == ("interrupted", "error")
        assert (found["outcome"], found["events_missing"]) == ("failed", 0)
        assert kept(store.database, "a-call")[-1][1] == "end"
        assert len(rows(store.database, "SELECT owner FROM owners")) == 1
        await store.close()

    async def test_calls_of_a_process_that_lives_stay_open(
        self, store: RecordStore, open_database: OpenDatabase
    ) -> None:
        put(store, *whole_call("a-call")[:3])
        await store.flush()
        other = RecordStore(open_database())
        other.start()
        await other.flush()
        assert row(other, "a-call")["ended_ms"] is None
        await other.close()

    async def test_end_that_comes_after_all_takes_the_place_of_the_interruption(
        self, open_database: OpenDatabase
    ) -> None:
        first = RecordStore(open_database())
        put(first, *whole_call("a-call")[:3])
        await first.close()
        second = RecordStore(open_database())
        second.start()
        await second.flush()
        assert row(second, "a-call")["end_reason"] == "interrupted"
        put(second, *whole_call("a-call")[3:])
        await second.flush()
        found = row(second, "a-call")
        assert (found["end_reason"], found["outcome"]) == ("the caller hung up", "abandoned")
        assert [kind for _, kind in kept(second.database, "a-call")].count("end") == 1
        await second.close()

    async def test_what_it_cost_is_worked_out_of_what_it_used(
        self, open_database: OpenDatabase
    ) -> None:
        first = RecordStore(open_database())
        put(first, *whole_call("a-call")[:2], event("a-call", 3, "usage", stage="llm", tokens=7))
        await first.close()

        def cost_of(usages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
            amount = sum(usage["tokens"] for usage in usages)
            return {"amount": str(amount), "currency": "USD", "parts": [], "unpriced": []}

        second = RecordStore(open_database(), cost_of=cost_of)
        second.start()
        await second.flush()
        found = row(second, "a-call")
        assert (found["cost_nano"], found["end_reason"]) == (7_000_000_000, "interrupted")
        assert found["events_missing"] == 0
        await second.close()

    async def test_process_of_another_machine_is_dead_when_it_was_not_seen_for_long(
        self, open_database: OpenDatabase
    ) -> None:
        database = open_database()
        with database.writing() as connection:
            for name, seen_ms in (("fresh", 10**15), ("stale", 1)):
                Scribe().write(connection, [Kept.of(whole_call(name)[0])], name)
                upsert.into(connection, owners, [{"owner": name, "seen_ms": seen_ms}])
        store = RecordStore(database)
        store.start()
        await store.flush()
        assert row(store, "fresh")["ended_ms"] is None
        assert row(store, "stale")["end_reason"] == "interrupted"
        await store.close()

    async def test_what_it_spilled_is_taken_in(self, tmp_path: Path) -> None:
        owner = Owner(tmp_path)
        spill = Spill(tmp_path / "spill" / f"{owner.name}.jsonl")
        spill.append([Kept.of(each) for each in whole_call("a-call")])
        with spill.path.open("a") as file:
            file.write('{"call_id": "a-call", "seq": 7, "at')
        owner.close(in_order=False)
        store = RecordStore(Database(tmp_path))
        store.start()
        await store.flush()
        assert len(kept(store.database, "a-call")) == 6
        assert not spill
        await store.close()

    @pytest.mark.parametrize(
        "broken",
        [
            "null",
            '{"call_id": "a", "seq": 7, "at_s": 1, "utc_ms": 1e300, "kind": "x", "facts": {}}',
            '{"call_id": "a", "seq": 1e999, "at_s": 1, "utc_ms": 1, "kind": "x", "facts": {}}',
            "[" * 100_000,
        ],
    )
    async def test_line_that_nobody_understands_loses_no_other(
        self, tmp_path: Path, broken: str
    ) -> None:
        owner = Owner(tmp_path)
        spill = Spill(tmp_path / "spill" / f"{owner.name}.jsonl")
        spill.append([Kept.of(each) for each in whole_call("a-call")])
        spill.path.write_text(f"{broken}\n{spill.path.read_text()}")
        owner.close(in_order=False)
        store = RecordStore(Database(tmp_path))
        store.start()
        await asyncio.wait_for(store.flush(), 10)
        assert len(kept(store.database, "a-call")) == 6
        await store.close()


async def test_whatever_breaks_while_it_is_written_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("nobody thought of that")

    store = RecordStore(Database(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(Spill, "take", broken)
        patched.setattr(Owner, "lives", broken)
        for event in whole_call("a-call"):
            store.put(event)
        await asyncio.wait_for(store.flush(), 10)
        assert store.spilled == 6
    await asyncio.sleep(0.6)
    await store.flush()
    assert len(kept(store.database, "a-call")) == 6
    await store.close()
