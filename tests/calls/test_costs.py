"""What a call costs: every price has a date and a source, and a bill is the sum of its parts."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.costs.bill import Bill, cost_of
from calls.costs.prices import PricesError, price_table
from calls.record_events import prices_of
from calls.usage.usage import Usage
from services.choice import PROVIDERS

PRICES = price_table()
THINKING = Usage("llm", "openai", "gpt-4.1", prompt_tokens=1_000_000)


def bill_of(*usages: Usage) -> Bill:
    bill = Bill(PRICES)
    for usage in usages:
        bill.add(usage)
    return bill


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return path


def test_every_price_says_when_and_where_it_was_published() -> None:
    for row in PRICES.rows.values():
        assert isinstance(row.date, date)
        assert row.source
        assert row.currency == PRICES.currency
        assert row.rates


def test_every_price_is_of_a_provider_that_there_is() -> None:
    stages = {"1M tokens": "llm", "1M characters": "tts", "minute of audio": "stt"}
    for row in PRICES.rows.values():
        known = {provider.name for provider in PROVIDERS[stages[row.unit]]}  # type: ignore[index]
        assert row.provider in known | {"*"}


@pytest.mark.parametrize(
    ("usage", "amount"),
    [
        (THINKING, "2"),
        (Usage("llm", "openai", "gpt-4.1-2025-04-14", completion_tokens=500_000), "4"),
        (Usage("llm", "openai", "gpt-4.1-mini", prompt_tokens=1_000_000), "0.4"),
        (
            Usage(
                "llm",
                "anthropic",
                "claude-haiku-4-5-20251001",
                prompt_tokens=1_000_000,
                cached_tokens=500_000,
                cache_written_tokens=100_000,
            ),
            "0.575",
        ),
        (Usage("stt", "deepgram", "nova-3-general", speech_s=90), "0.0072"),
        (Usage("tts", "cartesia", "sonic-3.6", characters=1000), "0.05"),
        (Usage("tts", "deepgram", "aura-2-helena-en", characters=1000), "0.03"),
    ],
)
def test_usage_costs_what_the_provider_publishes(usage: Usage, amount: str) -> None:
    assert bill_of(usage).cost().amount == Decimal(amount)


@pytest.mark.parametrize(
    "usage",
    [
        Usage("stt", "embedded", "", speech_s=60),
        Usage("llm", "embedded", "", prompt_tokens=500),
        Usage("tts", "embedded", "", characters=500),
        Usage("llm", "openai", "gpt-4.1", prompt_tokens=500, here=True),
        Usage("tts", "rime", "coda", characters=500, here=True),
    ],
)
def test_who_sends_no_bill_costs_nothing_by_a_row_of_the_table(usage: Usage) -> None:
    cost = bill_of(usage).cost()
    (part,) = cost.parts
    assert (cost.amount, cost.unpriced) == (Decimal(0), ())
    assert PRICES.rows[part.price].rates


def test_model_without_a_price_says_so_and_is_not_free() -> None:
    cost = bill_of(Usage("llm", "openai", "gpt-99", prompt_tokens=500)).cost()
    assert (cost.amount, cost.unpriced) == (None, ("openai gpt-99",))
    assert cost.facts()["amount"] is None


def test_model_without_a_price_is_told_beside_the_sum_of_the_others() -> None:
    cost = bill_of(THINKING, Usage("tts", "rime", "coda", characters=500)).cost()
    assert (cost.amount, cost.unpriced) == (Decimal(2), ("rime coda",))


def test_call_that_used_nothing_costs_nothing() -> None:
    assert bill_of().cost().amount == Decimal(0)


def test_bill_of_a_call_that_was_cut_off_is_made_from_its_events() -> None:
    events = [json.loads(json.dumps({"at_s": 1.0, **THINKING.facts()})) for _ in range(3)]
    assert cost_of(events, PRICES).amount == Decimal(6)


models = st.sampled_from(["gpt-4.1", "gpt-4.1-mini", "gpt-99", "nova-3", "sonic-3.6", ""])
providers = st.sampled_from(["openai", "deepgram", "cartesia", "embedded", "nobody"])
counts = st.integers(0, 5_000_000)
usages = st.one_of(
    st.builds(
        Usage,
        stage=st.just("llm"),
        provider=providers,
        model=models,
        prompt_tokens=counts,
        completion_tokens=counts,
        estimated=st.booleans(),
        here=st.booleans(),
    ),
    st.builds(Usage, stage=st.just("tts"), provider=providers, model=models, characters=counts),
    st.builds(
        Usage,
        stage=st.just("stt"),
        provider=providers,
        model=models,
        speech_s=st.floats(0, 20_000).map(lambda s: round(s, 3)),
    ),
)


@given(st.lists(usages, max_size=30))
def test_parts_of_a_bill_are_its_sum_to_the_last_digit(used: list[Usage]) -> None:
    facts = json.loads(json.dumps(bill_of(*used).cost().facts()))
    amounts = [Decimal(part["amount"]) for part in facts["parts"] if part["amount"] is not None]
    total = None if facts["amount"] is None else Decimal(facts["amount"])
    assert total == (sum(amounts, Decimal(0)) if amounts or not used else None)
    unpriced = {f"{p['provider']} {p['model']}".strip() for p in facts["parts"] if not p["price"]}
    assert set(facts["unpriced"]) == unpriced


@given(st.lists(usages, max_size=20), st.randoms())
def test_bill_does_not_depend_on_the_order_of_things(used: list[Usage], rng) -> None:
    shuffled = list(used)
    rng.shuffle(shuffled)
    assert bill_of(*used).cost().amount == bill_of(*shuffled).cost().amount


def test_own_file_changes_one_price_and_leaves_the_rest(tmp_path: Path) -> None:
    own = price_table(table(tmp_path, "[row.openai-gpt-4-1]\nin = 1.5\n"))
    row = own.rows["openai-gpt-4-1"]
    assert (row.rates["in"], row.rates["out"]) == (Decimal("1.5"), Decimal("8.00"))
    assert own.rows.keys() == PRICES.rows.keys()


def test_own_file_adds_a_row_that_fits_more_closely(tmp_path: Path) -> None:
    own = price_table(
        table(
            tmp_path,
            '[row.mine]\nprovider = "rime"\nmodel = "coda"\nunit = "1M characters"\nprice = 40\n'
            'currency = "USD"\ndate = 2026-11-01\nsource = "our contract"\n',
        )
    )
    found = own.price_of(Usage("tts", "rime", "coda"))
    assert found
    assert found.key == "mine"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[row.x]\nprice = 1\n", "lacks provider"),
        ("[row.openai-gpt-4-1]\nin = -1\n", "in = -1"),
        ('[row.openai-gpt-4-1]\nin = "2"\n', "write a number"),
        ("[row.openai-gpt-4-1]\nprize = 1\n", "prize"),
        ('[row.openai-gpt-4-1]\nunit = "1k tokens"\n', "1k tokens"),
        ('[row.openai-gpt-4-1]\ncurrency = "EUR"\n', "convert"),
        ('[row.openai-gpt-4-1]\ndate = "yesterday"\n', "as in 2026"),
        ("rows = 1\n", "rows"),
        ("not toml", "no TOML"),
    ],
)
def test_wrong_table_is_refused_with_what_would_be_right(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(PricesError, match=says):
        price_table(table(tmp_path, text))


def test_wrong_table_costs_no_call(tmp_path: Path) -> None:
    assert prices_of(tmp_path / "nowhere.toml") == PRICES
