"""One question at the end: how was it?"""

from types import SimpleNamespace
from typing import Any

import pytest
from tool_caller import CallOnTheBench

from tools.csat import rate_and_say_goodbye, score_of


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("five", 5),
        ("4", 4),
        ("DTMF: 3", 3),
        ("a two I would say", 2),
        ("Good, thanks!", 5),
        ("bad", 1),
        ("it was great", 5),
        ("four out of five", 4),
        ("5 of 5", 5),
        ("one moment please", None),
        ("none", None),
        ("not good", None),
        ("no", None),
        ("between three and four", None),
        ("10", None),
        ("", None),
    ],
)
def test_answer_is_a_number_from_one_to_five_or_a_plain_word(said: str, score: int | None) -> None:
    assert score_of(said) == score


async def test_rating_is_kept_and_the_call_ends_with_thanks(tmp_path) -> None:
    call = CallOnTheBench(tmp_path)
    await call.uses(rate_and_say_goodbye, rating="four")
    assert call.ratings == [(4, "word")]
    assert "Thank you for telling me" in call.heard()[0]
    assert call.events[-1] == ("ended", "bot said goodbye")


async def test_caller_who_does_not_want_to_is_let_go(tmp_path) -> None:
    call = CallOnTheBench(tmp_path)
    await call.uses(rate_and_say_goodbye, rating="none")
    assert call.ratings == []
    assert call.events[-1] == ("ended", "bot said goodbye")


@pytest.mark.parametrize(("last", "by"), [("DTMF: 5", "key"), ("five", "word")])
async def test_record_tells_a_key_from_a_word(tmp_path, last: str, by: str) -> None:
    call = CallOnTheBench(tmp_path)
    messages: list[Any] = [{"role": "user", "content": last}]
    call.context = SimpleNamespace(get_messages=lambda: messages)
    await call.uses(rate_and_say_goodbye, rating="five")
    assert call.ratings == [(5, by)]
