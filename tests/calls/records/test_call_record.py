"""What a call's record puts into the store: everything, once, redacted, with one end."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from calls.record import CallRecord, record_of
from calls.records.database import Database
from calls.records.queries import Records
from calls.records.store import RecordStore, store_of
from processors.stages.report import Stages
from tests.calls.records.house import settings


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[RecordStore]:
    store = RecordStore(Database(tmp_path))
    yield store
    await store.close()


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(Database(tmp_path))


async def test_call_leaves_its_events_its_outcome_and_one_end(
    store: RecordStore, records: Records
) -> None:
    record = CallRecord(None, "a-call", store=store)
    record.opened(bot="greeter", channel="web")
    record.heard("bot", "Hello.")
    record.heard("caller", "  ")
    record.turn(Stages(turn=1, said="hi", first_audio_out_ms=640.0))
    record.ending("the caller hung up")
    record.closed()
    record.closed()
    record.note("csat", score=5, by="key")
    await store.flush()
    kinds = [event.kind for event in await records.events("a-call")]
    assert kinds == ["call", "heard", "turn", "outcome", "end", "csat"]
    row = await records.call("a-call")
    assert row
    assert (row.outcome, row.outcome_by, row.ended_by) == ("abandoned", "rules", "caller")
    assert (row.csat, row.live) == (5, False)


async def test_outcome_of_a_tool_is_not_judged_again(store: RecordStore, records: Records) -> None:
    record = CallRecord(None, "a-call", store=store)
    record.note("outcome", outcome="resolved", by="tool", why="refunded")
    record.closed()
    await store.flush()
    row = await records.call("a-call")
    assert row
    assert (row.outcome, row.outcome_by, row.outcome_why) == ("resolved", "tool", "refunded")


class Hiding:
    def text(self, who: str, text: str) -> str:
        return text.replace("secret", "[hidden]")

    def facts(self, kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        if kind == "odd":
            raise RuntimeError("secret")
        return {name: "[hidden]" if value == "secret" else value for name, value in facts.items()}


async def test_everything_goes_through_the_redactor_and_what_breaks_it_is_not_kept(
    store: RecordStore, records: Records
) -> None:
    record = CallRecord(None, "a-call", store=store, redactor=Hiding())
    record.heard("caller", "my secret")
    record.note("tool", name="look_up", result="secret")
    record.note("odd", text="secret")
    await store.flush()
    said, tool, odd = await records.events("a-call")
    assert said.facts["text"] == "my [hidden]"
    assert tool.facts["result"] == "[hidden]"
    assert odd.facts == {"unredactable": True}


async def test_outcome_is_judged_by_the_words_before_they_are_redacted(
    store: RecordStore, records: Records
) -> None:
    class Wordless(Hiding):
        def text(self, who: str, text: str) -> str:
            return ""

    record = CallRecord(None, "a-call", store=store, redactor=Wordless())
    record.note("tool", name="find_order")
    record.heard("bot", "Anything else?")
    record.heard("caller", "no thanks, bye")
    record.heard("bot", "Goodbye.")
    record.ending("bot said goodbye")
    record.closed()
    await store.flush()
    row = await records.call("a-call")
    assert row
    assert row.outcome == "resolved"


@pytest.mark.parametrize(
    ("caller", "shown", "stands"),
    [
        ("+1 415 555 0123", False, "+1415•••0123"),
        ("+1 415 555 0123", True, "+14155550123"),
        ("client:alice", False, "•••"),
        ("", False, ""),
    ],
)
async def test_number_is_masked_unless_it_may_be_shown(
    tmp_path: Path, records: Records, caller: str, shown: bool, stands: str
) -> None:
    chosen = settings(data_dir=tmp_path, show_caller_numbers=shown)
    record = record_of(chosen, "a-call")
    record.opened(bot="greeter", caller=caller)
    await store_of(chosen).close()
    row = await records.call("a-call")
    assert row
    assert row.caller == stands


async def test_process_has_one_store_for_one_database(tmp_path: Path) -> None:
    one = store_of(settings(data_dir=tmp_path / "one"))
    assert store_of(settings(data_dir=tmp_path / "one")) is one
    assert store_of(settings(data_dir=tmp_path / "other")) is not one


async def test_call_file_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    chosen = settings(data_dir=tmp_path, call_files=True)
    record = record_of(chosen, "a-call")
    record.note("sound", taken_for="noise")
    assert record.path == tmp_path / "calls" / "a-call.jsonl"
    assert '"sound"' in record.path.read_text()
    await store_of(chosen).close()
