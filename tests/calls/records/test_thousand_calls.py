"""A thousand calls at once: each has one closed record, and the figures are those of the events."""

import asyncio
import random
from collections import Counter
from decimal import Decimal
from itertools import count

from calls.record import CallRecord
from calls.records.database import Database
from calls.records.event import Event
from calls.records.queries import Records
from calls.records.rows import CallFilter
from calls.records.store import RecordStore
from processors.stages.report import Stages

CALLS = 1_000


async def one_call(store: RecordStore, index: int, rng: random.Random) -> None:
    clock = count(0.0, 0.5)
    record = CallRecord(None, f"call-{index}", store=store, now=lambda: next(clock))
    record.opened(bot=rng.choice(("shop", "clinic")), providers={"llm": {"name": "openai"}})
    record.heard("bot", "Hello, how can I help?")
    for turn in range(1, rng.randint(2, 6)):
        await asyncio.sleep(0)
        record.heard("caller", f"question {turn}")
        out_ms = rng.uniform(300, 2000)
        record.turn(Stages(turn=turn, said="", first_token_ms=200.0, first_audio_out_ms=out_ms))
        record.note("dead_air", turn=turn, dead_air_ms=out_ms, steps=int(out_ms > 1900))
        if rng.random() < 0.2:
            record.note("interruption")
        if rng.random() < 0.1:
            record.note("tool", name="look_up", error=rng.choice(("TimeoutError", "")))
        if rng.random() < 0.05:
            record.note("provider_failed", stage="llm", provider="openai", went_to="groq")
        record.heard("bot", f"answer {turn}")
    amount = str(Decimal(rng.randrange(10**9)).scaleb(-9))
    parts = [{"stage": "llm", "provider": "openai", "amount": amount}]
    record.note("cost", amount=amount, currency="USD", parts=parts, unpriced=[])
    record.ending(rng.choice(("the caller hung up", "handed over to +14155550100")))
    record.closed()


def of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event.kind == kind]


async def test_figures_of_a_thousand_calls_are_the_sums_of_their_events(
    database: Database,
) -> None:
    store, records = RecordStore(database), Records(database)
    rng = random.Random(11)
    await asyncio.gather(*(one_call(store, index, rng) for index in range(CALLS)))
    await store.flush()
    assert (store.dropped, store.spilled) == (0, 0)

    rows = (await records.list_calls(CallFilter(), limit=2 * CALLS)).rows
    assert len({row.id for row in rows}) == len(rows) == CALLS
    assert not any(row.live or row.events_missing for row in rows)

    events: list[Event] = []
    for row in rows:
        its = await records.events(row.id)
        assert [event.kind for event in its].count("end") == 1
        assert [event.seq for event in its] == list(range(1, len(its) + 1))
        events += its
    figures = await records.figures(CallFilter())
    assert figures.calls == CALLS
    assert figures.turns == len(of(events, "turn")) == figures.stages["voice_to_voice"].n
    assert figures.interruptions == len(of(events, "interruption"))
    assert figures.failed_tools == len([e for e in of(events, "tool") if e.facts["error"]])
    assert figures.switches == len(of(events, "provider_failed"))
    assert figures.silences == len(of(events, "dead_air"))
    assert figures.bounds_reached == sum(e.facts["steps"] for e in of(events, "dead_air"))
    costs = sum(Decimal(event.facts["amount"]) for event in of(events, "cost"))
    assert figures.costs == {"USD": costs}
    assert sum(period.costs["USD"] for period in figures.periods) == costs
    openai = next(one for one in figures.providers if one.provider == "openai")
    assert (openai.calls, openai.costs) == (CALLS, {"USD": costs})
    assert openai.failures == figures.switches
    outcomes = Counter(event.facts["outcome"] for event in of(events, "outcome"))
    assert figures.outcomes == dict(outcomes)
    assert sum(period.calls for period in figures.periods) == CALLS
    handled_s = sum(event.facts["duration_s"] for event in of(events, "end"))
    assert abs(figures.handle_time_s - handled_s) < 0.001
    for bot in ("shop", "clinic"):
        of_bot = await records.figures(CallFilter(bot=bot))
        assert of_bot.calls == figures.bots[bot]
    await store.close()
