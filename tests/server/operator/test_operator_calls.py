"""What the pages are told of calls: the list, one call, its news, its end, and exports."""

import asyncio
import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from calls.on_air import ON_AIR
from calls.records.database import Database
from calls.records.queries import Records
from calls.records.store import store_of
from server.operator.calls import ENDED_BY_OPERATOR, _messages
from server.operator.following import Following
from tests.server.operator.kept_calls import NOON, KeptCall, failed_call, good_call, keep
from tests.server.operator.operator_house import OperatorHouse, house_of, opened


def three(hours: int = 1) -> list[KeptCall]:
    return [
        good_call("first", began=NOON, channel="web"),
        failed_call("second", began=NOON + timedelta(hours=hours)),
        good_call("third", began=NOON + timedelta(hours=2 * hours), bot="receptionist"),
    ]


def ids(operators: OperatorHouse, query: str = "") -> list[str]:
    answer = operators.client.get(f"/api/calls?{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["rows"]]


def test_calls_are_listed_newest_first_and_page_by_page(tmp_path: Path) -> None:
    with opened(tmp_path, *three()) as operators:
        page = operators.client.get("/api/calls?limit=2").json()
        assert [row["id"] for row in page["rows"]] == ["third", "second"]
        assert ids(operators, f"limit=2&before={page['next']}") == ["first"]


def test_calls_are_chosen_by_what_the_page_offers(tmp_path: Path) -> None:
    with opened(tmp_path, *three()) as operators:
        assert ids(operators, "bot=receptionist") == ["third"]
        assert ids(operators, "channel=web") == ["first"]
        assert ids(operators, "outcome=failed") == ["second"]
        assert ids(operators, "provider=anthropic") == ["second"]
        assert ids(operators, "having=switches") == ["second"]
        assert ids(operators, "q=lamp") == ["second"]
        assert ids(operators, "since=2026-11-20T12:30:00Z&until=2026-11-20T13:30:00Z") == ["second"]
        assert ids(operators, "since=2026-11-20&until=2026-11-20") == ["third", "second", "first"]
        assert ids(operators, "ids=first,third&ended_by=bot") == ["third", "first"]
        assert ids(operators, "live=true") == []
        assert ids(operators, "bot=&outcome=&q=") == ["third", "second", "first"]


def test_wrong_filter_says_what_would_be_right(tmp_path: Path) -> None:
    with opened(tmp_path) as operators:
        for query, words in [
            ("outcome=good", "resolved"),
            ("having=luck", "failed_tools"),
            ("since=yesterday", "2026-01-31"),
            ("before=here", "next"),
            ("before=99999999999999999999", "next"),
            ("limit=1000", "limit"),
        ]:
            answer = operators.client.get(f"/api/calls?{query}")
            assert answer.status_code == 422
            assert words in answer.json()["error"]


@pytest.mark.parametrize(
    "query", ["until=9999-12-31", "since=0001-01-01", "since=1600-01-01&until=2400-01-01"]
)
def test_calls_of_all_times_are_chosen_by_the_farthest_days(tmp_path: Path, query: str) -> None:
    with opened(tmp_path, good_call()) as operators:
        assert len(operators.client.get(f"/api/calls?{query}").json()["rows"]) == 1
        assert operators.client.get(f"/api/figures?{query}").json()["calls"] == 1
        assert "good" in operators.client.get(f"/api/export/calls.csv?{query}").text


def test_call_comes_with_its_verdict_and_all_its_events(tmp_path: Path) -> None:
    with opened(tmp_path, failed_call()) as operators:
        told = operators.client.get("/api/calls/failed").json()
        assert told["call"]["providers"]["llm"] == ["openai", "anthropic"]
        assert told["call"]["can_be_ended"] is False
        assert told["verdict"]["tone"] == "bad"
        assert "anthropic refused" in told["verdict"]["sentence"]
        assert [e["seq"] for e in told["events"]] == list(range(1, len(told["events"]) + 1))
        assert told["events"][2]["text"] == "i want to send back a lamp"
        assert ("this machine", "call failed") in operators.looks()


def test_call_without_a_record_is_said_to_have_none(tmp_path: Path) -> None:
    with opened(tmp_path) as operators:
        for path in ("", "/stream", "/sound.wav", "/waveform"):
            answer = operators.client.get(f"/api/calls/none{path}")
            assert answer.status_code == 404
            assert "erased" in answer.json()["error"]


def test_records_that_cannot_be_read_are_said_so(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").mkdir()
    with opened(tmp_path) as operators:
        answer = operators.client.get("/api/calls")
        assert answer.status_code == 503
        assert "cannot be read" in answer.json()["error"]


async def test_page_of_a_running_call_is_told_all_that_happens_until_it_is_over(
    tmp_path: Path,
) -> None:
    house = house_of(tmp_path)
    store, records = store_of(house.settings), Records(Database.of(house.settings))
    told = good_call("now").events
    chunks = [told[:3], told[3:6], told[6:]]

    async def next_chunk(_: float) -> None:
        for event in chunks.pop(0) if chunks else []:
            store.put(event)
        await store.flush()

    await next_chunk(0)
    messages: list[tuple[str, Any]] = []
    async for message in _messages(records, house, Following(next_chunk), "now", 1):
        fields = dict(line.split(": ", 1) for line in message.strip().split("\n"))
        messages.append((fields["event"], json.loads(fields["data"])))
    happened = [event["seq"] for name, events in messages if name == "happened" for event in events]
    assert happened == list(range(2, len(told) + 1))
    states = [state["call"]["live"] for name, state in messages if name == "call"]
    assert states == [True, True, False]
    assert messages[-1] == ("over", {})
    await store.close()


class RunningCall:
    """A call, as far as ending it goes."""

    id = "now"

    def __init__(self) -> None:
        self.cut_for: list[str] = []

    async def cut(self, reason: str) -> None:
        self.cut_for.append(reason)


def test_supervisor_ends_a_call_that_runs_here_and_the_access_log_has_it(tmp_path: Path) -> None:
    call: Any = RunningCall()
    with opened(tmp_path, KeptCall("now"), good_call("over")) as operators:
        csrf = operators.client.get("/api/operator/session").json()["csrf_token"]
        headers = {"X-CSRF-Token": csrf}
        with ON_AIR.while_it_runs(call):
            assert operators.client.get("/api/calls/now").json()["call"]["can_be_ended"] is True
            assert operators.client.post("/api/calls/now/end", headers=headers).status_code == 202
        assert call.cut_for == [ENDED_BY_OPERATOR]
        assert ("this machine", "call now: ended it") in operators.looks()
        for call_id in ("now", "over"):
            answer = operators.client.post(f"/api/calls/{call_id}/end", headers=headers)
            assert answer.status_code == 409
            assert "not running" in answer.json()["error"]


def test_exports_have_every_call_that_is_chosen(tmp_path: Path) -> None:
    many = [good_call(f"CA{n:03}", began=NOON + timedelta(minutes=n)) for n in range(450)]
    with opened(tmp_path, *many) as operators:
        rows = operators.client.get("/api/export/calls.json").json()
        assert [row["id"] for row in rows] == [call.id for call in reversed(many)]
        assert sum(Decimal(row["cost_amount"]) for row in rows) == Decimal("9.6300")
        answer = operators.client.get("/api/export/calls.csv?bot=order_support")
        assert "attachment" in answer.headers["content-disposition"]
        table = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(table) == 450
        assert table[0]["providers"] == "stt: deepgram; llm: openai; tts: cartesia"
        assert operators.client.get("/api/export/calls.json?bot=none").json() == []


def test_exported_figures_are_the_dashboards(tmp_path: Path) -> None:
    with opened(tmp_path, *three()) as operators:
        figures = operators.client.get("/api/figures").json()
        assert (figures["calls"], figures["outcomes"]["failed"]) == (3, 1)
        assert figures["silence_bound_ms"] == 3000
        exported = operators.client.get("/api/export/figures.json").json()
        assert exported.items() <= figures.items()
        rows = operators.client.get("/api/export/figures.csv").text.splitlines()
        assert "outcomes.failed,1" in rows


def test_table_program_takes_no_cell_for_a_formula(tmp_path: Path) -> None:
    call = KeptCall("CA1", bot="=HYPERLINK(1)", caller="+1415•••0123").ended(1.0, "\n@SUM(1)")
    with opened(tmp_path, call) as operators:
        row = next(csv.DictReader(io.StringIO(operators.client.get("/api/export/calls.csv").text)))
        assert (row["bot"], row["end_reason"]) == ("'=HYPERLINK(1)", "'\n@SUM(1)")


async def test_who_follows_a_quiet_call_is_told_now_and_then_that_it_is_still_there(
    tmp_path: Path,
) -> None:
    house = house_of(tmp_path)
    store, records = store_of(house.settings), Records(Database.of(house.settings))
    await keep(store, KeptCall("now"))
    waited = 0

    async def wait(_: float) -> None:
        nonlocal waited
        waited += 1
        await asyncio.sleep(0)

    told: list[str] = []
    async for message in _messages(records, house, Following(wait), "now", 1):
        told.append(message)
        if len(told) == 2:
            break
    assert told[1].startswith(":")
    assert waited == 30
    await store.close()
