"""What is read of the records: lists, one call, its events, and the figures."""

import math
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from calls.records.database import Database
from calls.records.erasing import erase
from calls.records.event import Event
from calls.records.kept import Kept
from calls.records.queries import Records, RecordsUnavailable
from calls.records.rows import CallFilter, Cursor
from calls.records.scribe import Scribe
from tests.calls.records.house import NOON, event, whole_call


@pytest.fixture
async def records(database: Database) -> AsyncIterator[Records]:
    records = Records(database)
    yield records
    records.close()


def write(database: Database, *events: Event) -> None:
    with database.writing() as connection:
        Scribe().write(connection, [Kept.of(each) for each in events], "a-process")


def later(events: list[Event], hours: float) -> list[Event]:
    return [
        Event(e.call_id, e.seq, e.at_s, e.utc + timedelta(hours=hours), e.kind, e.facts)
        for e in events
    ]


async def ids(records: Records, **which: Any) -> list[str]:
    return [row.id for row in (await records.list_calls(CallFilter(**which))).rows]


async def test_list_is_read_page_by_page_and_no_call_is_missed(
    records: Records, database: Database
) -> None:
    for index in range(7):
        write(database, *later(whole_call(f"call-{index}"), index))
    found, before = [], None
    while True:
        page = await records.list_calls(CallFilter(), before=before, limit=3)
        found.append([row.id for row in page.rows])
        if page.next is None:
            break
        before = Cursor.parse(str(page.next))
    assert found == [["call-6", "call-5", "call-4"], ["call-3", "call-2", "call-1"], ["call-0"]]


async def test_each_filter_chooses(records: Records, database: Database) -> None:
    write(database, *whole_call("plain"))
    write(
        database,
        *later(
            [
                event("odd", 1, "call", bot="clinic", channel="phone", providers={"llm": "openai"}),
                event("odd", 2, "provider_failed", stage="llm", provider="openai", went_to="groq"),
                event("odd", 3, "tool", name="look_up", error="TimeoutError"),
                event("odd", 4, "heard", who="caller", text="Grüße an die Werkstatt"),
            ],
            1,
        ),
    )
    assert await ids(records) == ["odd", "plain"]
    for which in (
        {"bot": "clinic"},
        {"channel": "phone"},
        {"provider": "groq"},
        {"having": "failed_tools"},
        {"having": "switches"},
        {"live": True},
        {"since": NOON + timedelta(minutes=30)},
        {"ids": ("odd", "unknown")},
        {"text": "werk"},
        {"text": 'grüße "die werkstatt"'},
        {"text": "werkstatt", "bot": "clinic", "since": NOON},
    ):
        assert await ids(records, **which) == ["odd"], which
    for which in (
        {"live": False},
        {"outcome": "abandoned"},
        {"ended_by": "caller"},
        {"until": NOON + timedelta(minutes=30)},
        {"text": "parcel tomorrow"},
    ):
        assert await ids(records, **which) == ["plain"], which
    for which in (
        {"text": "nowhere"},
        {"text": '"parcel tomorrow"'},
        {"text": "*&'\"!"},
        {"text": "werkstatt", "outcome": "failed"},
        {"having": "unhandled"},
    ):
        assert await ids(records, **which) == [], which
    assert len(await ids(records, text="  ")) == 2


@pytest.mark.parametrize(
    "words", ["it's", "o'neil & sons", 'half "quoted', "a:b", "(x", "NOT", "q*b", "Q++", "\\", "'"]
)
async def test_search_takes_whatever_is_typed(
    records: Records, database: Database, words: str
) -> None:
    write(database, *whole_call("a-call"))
    assert await ids(records, text=words) == []
    await records.figures(CallFilter(text=words))


async def test_call_that_runs_is_a_row_with_what_is_known_so_far(
    records: Records, database: Database
) -> None:
    write(database, *whole_call("a-call", providers={"stt": {"name": "deepgram"}})[:4])
    row = await records.call("a-call")
    assert row
    assert (row.live, row.outcome, row.duration_s, row.ended_utc) == (True, "", None, None)
    assert row.started_utc == NOON
    assert (row.turns, row.v2v_p50_ms, row.v2v_max_ms) == (1, 700.0, 700.0)
    assert row.providers == {"stt": ["deepgram"]}
    assert row.cost_amount is None
    assert await records.call("another") is None


async def test_latest_cost_counts_and_what_has_no_price_is_named(
    records: Records, database: Database
) -> None:
    parts = [{"stage": "llm", "provider": "openai", "amount": "0.000123457"}]
    write(
        database,
        event("a-call", 1, "call", bot="greeter"),
        event("a-call", 2, "cost", amount="0.1", currency="USD", parts=[], unpriced=[]),
        event(
            "a-call",
            3,
            "cost",
            **{"amount": "0.000123457", "currency": "USD", "parts": parts},
            unpriced=["vllm my-model"],
        ),
    )
    row = await records.call("a-call")
    assert row
    assert (row.cost_amount, row.cost_currency) == (Decimal("0.000123457"), "USD")
    assert row.unpriced == ("vllm my-model",)
    figures = await records.figures(CallFilter())
    assert figures.costs == {"USD": Decimal("0.000123457")}
    assert figures.unpriced_calls == 1
    (provider,) = figures.providers
    assert provider.costs == {"USD": Decimal("0.000123457")}


async def test_events_are_read_on_from_the_last_that_was_seen(
    records: Records, database: Database
) -> None:
    write(database, *whole_call("a-call"))
    assert [e.seq for e in await records.events("a-call", after_seq=4)] == [5, 6]
    (first, *_) = await records.events("a-call")
    assert first == whole_call("a-call")[0]
    assert await records.events("another") == []


async def test_figures_of_no_calls_are_nothing(records: Records) -> None:
    figures = await records.figures(CallFilter())
    assert (figures.calls, figures.outcomes, figures.periods) == (0, {}, ())


def paid_in(currency: str, call_id: str, provider: str) -> list[Event]:
    parts = [{"stage": "llm", "provider": provider, "amount": "0.25"}]
    return [
        event(call_id, 1, "call", bot="shop", providers={"llm": provider, "tts": "openai"}),
        event(call_id, 2, "turn", first_audio_out_ms=500.0),
        event(call_id, 3, "provider_failed", stage="llm", provider=provider, went_to="groq"),
        event(call_id, 4, "cost", amount="0.25", currency=currency, parts=parts, unpriced=[]),
    ]


@pytest.mark.parametrize("currencies", [("USD",), ("USD", "EUR")])
async def test_figures_of_a_time_are_those_of_its_calls_one_by_one(
    records: Records, database: Database, currencies: tuple[str, ...]
) -> None:
    for hours, currency in enumerate(2 * currencies):
        write(database, *later(paid_in(currency, f"{currency}-{hours}", "openai"), 5 * hours))
    write(database, *later(whole_call("unpaid"), 2))
    write(database, *later(paid_in("CHF", "of another time", "anthropic"), -48))
    which = CallFilter(since=NOON, until=NOON + timedelta(days=1))
    of_time = await records.figures(which)
    chosen = tuple(row.id for row in (await records.list_calls(which)).rows)
    assert of_time == await records.figures(CallFilter(ids=chosen))
    assert of_time.calls == len(chosen) == 2 * len(currencies) + 1
    openai = next(
        one for one in of_time.providers if (one.stage, one.provider) == ("llm", "openai")
    )
    assert openai.costs == {currency: Decimal("0.5") for currency in currencies}
    erase(database, chosen[:1])
    assert await records.figures(which) == await records.figures(CallFilter(ids=chosen))


async def test_percentiles_are_over_turns_and_not_over_calls(
    records: Records, database: Database
) -> None:
    def turns(call_id: str, *out_ms: float) -> list[Event]:
        return [
            event(call_id, seq, "turn", first_audio_out_ms=ms, first_token_ms=ms / 2)
            for seq, ms in enumerate(out_ms, 1)
        ]

    write(database, *turns("short", 5000.0), *later(turns("long", *range(100, 1100, 100)), 2))
    figures = await records.figures(CallFilter())
    spread = figures.stages["voice_to_voice"]
    assert (spread.n, spread.p50_ms, spread.max_ms) == (11, 600.0, 5000.0)
    assert figures.stages["first_token"].p50_ms == 300.0
    assert "turn_end" not in figures.stages
    first, second = figures.periods
    assert (first.start, first.stages["voice_to_voice"].n) == (NOON, 1)
    assert math.isclose(second.stages["voice_to_voice"].p50_ms, 550.0)


async def test_every_look_is_in_the_access_log(records: Records) -> None:
    await records.looked_at("an operator", "call a-call")
    await records.looked_at("an operator", "figures")
    assert [(who, what) for _, who, what in await records.looks()] == [
        ("an operator", "figures"),
        ("an operator", "call a-call"),
    ]


async def test_export_has_both_sides_words_and_everything_else(
    records: Records, database: Database
) -> None:
    write(
        database,
        *whole_call("a-call")[:4],
        event("a-call", 5, "tool", name="look_up", arguments={"n": 1}, result=None, error="gone"),
        event("a-call", 6, "usage", stage="llm", provider="openai", model="m", prompt_tokens=9),
        event("a-call", 7, "unheard", text="and also"),
        event("a-call", 8, "silence_bound", step="say", text="One moment."),
    )
    call = await records.export("a-call")
    assert call
    assert [entry["text"] for entry in call["transcript"]] == [
        "where is my parcel",
        "It comes tomorrow.",
    ]
    assert call["turns"][0]["first_audio_out_ms"] == 700.0
    assert call["tools"][0]["error"] == "gone"
    assert call["usage"][0]["prompt_tokens"] == 9
    assert call["unheard"][0]["text"] == "and also"
    assert [entry["kind"] for entry in call["events"]] == ["silence_bound"]
    assert call["started_utc"].startswith("2026-03-01T12:00:00")
    assert call["live"] is True
    assert await records.export("another") is None


async def test_database_that_cannot_be_read_says_so(database: Database) -> None:
    database.folder.mkdir(parents=True)
    broken = Database(database.folder / "elsewhere", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(RecordsUnavailable, match="cannot be read"):
        await Records(broken).call("a-call")
