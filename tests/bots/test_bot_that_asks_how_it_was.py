"""A bot that asks at the end how it was, without a language model."""

from pathlib import Path
from typing import Any

import pytest
from rehearsed_call import RehearsedCall, wired

from calls import Call, as_bot
from services.embedded.topic import Topic
from tools import csat


async def asks_how_it_was(call: Call) -> Any:
    """Says goodbye, and asks how it was."""
    call.llm("You say goodbye.", tools=[csat.rate_and_say_goodbye])


BOT = as_bot(
    asks_how_it_was,
    greeting="Hello, how can I help you?",
    topics=[
        Topic(
            says=("goodbye", "that is all", "no that is all thank you"),
            tool=csat.rate_and_say_goodbye,
            asks={"rating": csat.QUESTION},
        )
    ],
)


@pytest.mark.parametrize(
    ("answer", "ratings"),
    [("four", [4]), ("DTMF: 2", [2]), ("it was good", [5]), ("I don't want to", [])],
)
async def test_caller_is_asked_once_and_let_go(
    tmp_path: Path, answer: str, ratings: list[int]
) -> None:
    call = RehearsedCall(BOT, await wired(BOT), tmp_path)
    assert await call.hears("that is all") == csat.QUESTION
    assert (csat.THANKS if ratings else csat.FAREWELL) in await call.hears(answer)
    assert call.ratings == ratings
    assert call.ended == "bot said goodbye"
