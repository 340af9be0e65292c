"""What is kept of events, down to the deepest value."""

from datetime import date
from typing import Any

from calls.redaction import Policy, Redactor


def kept(kind: str, facts: dict[str, Any], policy: Policy = "redacted") -> dict[str, Any]:
    return Redactor(policy, today=lambda: date(2026, 11, 21)).facts(kind, facts)


def test_arguments_and_results_are_redacted_by_key_and_by_value() -> None:
    facts = {
        "name": "book",
        "arguments": {
            "date_of_birth": "the third",
            "cardNumber": 4111111111111111,
            "contact": {"email": ["a@b.co", "x"], "tel": 5551234},
            "note": "call 415 555 2671",
            "json": '{"ssn": "078051120", "count": 12}',
            "person": [{"born": {"year": 1981, "month": 5}}],
            "confirmed": True,
        },
        "result": {"say": "a@b.co is booked", "reference": 4155552671, "price_cents": 12999},
        "duration_ms": 1234.5,
        "error": None,
    }
    assert kept("tool", facts) == {
        "name": "book",
        "arguments": {
            "date_of_birth": "[date of birth]",
            "cardNumber": "[card]",
            "contact": {"email": ["[email]", "[email]"], "tel": "[phone]"},
            "note": "call [phone]",
            "json": '{"ssn": "[id]", "count": 12}',
            "person": [{"born": {"year": "[date of birth]", "month": "[date of birth]"}}],
            "confirmed": True,
        },
        "result": {"say": "[email] is booked", "reference": "[phone]", "price_cents": 12999},
        "duration_ms": 1234.5,
        "error": None,
    }


def test_key_of_a_result_may_be_an_address() -> None:
    assert kept("tool", {"result": {"a@b.co": 1}}) == {"result": {"[email]": 1}}


def test_result_that_was_cut_off_is_redacted_by_its_keys() -> None:
    facts = {"result": '{"dob": "the third", "city": "Rome", "items": ["la…'}
    assert kept("tool", facts)["result"] == (
        '{"dob": "[date of birth]", "city": "Rome", "items": ["la…'
    )


def test_facts_that_are_handed_over_are_left_as_they_are() -> None:
    facts = {"arguments": {"email": "a@b.co"}}
    kept("tool", facts)
    assert facts == {"arguments": {"email": "a@b.co"}}


def test_words_of_every_kind_of_event_are_redacted() -> None:
    card = "4111 1111 1111 1111"
    assert kept("turn", {"turn": 1, "said": card})["said"] == "[card]"
    assert kept("sound", {"taken_for": "backchannel", "text": card})["text"] == "[card]"
    assert kept("unheard", {"text": card})["text"] == "[card]"
    assert kept("unhandled", {"text": card, "said": card}) == {"text": "[card]", "said": "[card]"}
    assert kept("outcome", {"outcome": "resolved", "why": card})["why"] == "[card]"
    assert kept("something new", {"a": [{"b": card}]}) == {"a": [{"b": "[card]"}]}


def test_measurements_and_names_of_ours_are_left_alone() -> None:
    call = {
        "call_id": "4111111111111111",
        "bot": "order_support",
        "caller": "+1 ••• 71",
        "started_utc": "1999-11-21T15:47:15.906123+00:00",
        "providers": {"llm": {"name": "anthropic", "title": "claude-sonnet-4-20250514"}},
    }
    usage = {"stage": "llm", "model": "gpt-4.1-2025-04-14", "prompt_tokens": 41555526}
    cost = {"amount": "0.0123456789", "parts": [{"price": "llm/x 20251101"}]}
    for policy in ("redacted", "metadata only"):
        assert kept("call", call, policy) == call
        assert kept("usage", usage, policy) == usage
        assert kept("cost", cost, policy) == cost


def test_metadata_only_keeps_that_a_tool_failed_and_no_word() -> None:
    facts = {
        "name": "book",
        "arguments": {"name": "Paul"},
        "result": "booked for Paul",
        "duration_ms": 12.0,
        "error": "no Paul",
    }
    assert kept("tool", facts, "metadata only") == {
        "name": "book",
        "arguments": None,
        "result": None,
        "duration_ms": 12.0,
        "error": "[left out]",
    }
    filler = {"who": "bot", "text": "One moment.", "said": "filler"}
    assert kept("heard", filler, "metadata only") == {"who": "bot", "text": "", "said": "filler"}


def test_number_under_a_key_that_only_looks_like_an_amount_is_redacted() -> None:
    arguments = {"account": 12345678, "encounter": 4155552671, "order_count": 12345678}
    kept = Redactor("redacted").facts("tool", {"name": "look", "arguments": arguments})
    assert kept["arguments"] == {
        "account": "[digits]",
        "encounter": "[phone]",
        "order_count": 12345678,
    }


def test_number_that_a_tool_is_given_digit_by_digit_is_redacted() -> None:
    arguments = {"digits": [4, *[1] * 15], "code": list("4155552671"), "sizes": [9, 10, 11, 12]}
    kept = Redactor("redacted").facts("tool", {"name": "look", "arguments": arguments})
    assert kept["arguments"] == {
        "digits": ["[card]"],
        "code": ["[phone]"],
        "sizes": [9, 10, 11, 12],
    }
