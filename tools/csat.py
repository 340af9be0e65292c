"""Asking how it was: one question at the end, answered with a key or a word.

    Topic(
        says=("goodbye", "that is all"),
        tool=csat.rate_and_say_goodbye,
        asks={"rating": csat.QUESTION},
    )

is all that the offline tier needs; a language model is told by the tool's own description.
"""

import re
from typing import Any, Literal, Protocol

from pipecat.frames.frames import FunctionCallResultProperties, TTSSpeakFrame
from pipecat.services.llm_service import FunctionCallParams

QUESTION = "Before you go: how well did I help you, from one to five? You can also press the key."
THANKS = "Thank you for telling me. Goodbye."
FAREWELL = "Thank you for calling. Goodbye."

SCORES = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "bad": 1,
    "terrible": 1,
    "good": 5,
    "great": 5,
    "excellent": 5,
    "perfect": 5,
}
# Numbers that rate nothing: "four out of five", "one moment".
_NO_SCORE = re.compile(r"\bof (five|5)\b|\b(one|1) (moment|minute|second|sec|thing)\b")


class RatedCall(Protocol):
    """What this tool uses of the call."""

    def rated(self, score: int, by: Literal["key", "word"]) -> None:
        """The caller rated the call, from 1 (bad) to 5."""

    async def end_after_words(self, reason: str) -> None:
        """End the call once everything queued has been played; returns at once."""


async def rate_and_say_goodbye(params: FunctionCallParams, rating: str) -> None:
    """Keep the caller's rating, say goodbye and hang up. Use it instead of any other goodbye.

    When the caller needs nothing more, ask once: "Before you go: how well did I help you, from
    one to five?" Then call this with the answer, whatever it is. It says goodbye by itself.

    Args:
        rating: The caller's answer as given: from one to five, good or bad; whatever else it is
            counts as none.
    """
    call: RatedCall = params.app_resources
    score = score_of(rating)
    if score:
        call.rated(score, "key" if _typed(params.context) else "word")
    words = THANKS if score else FAREWELL
    await params.result_callback(
        {"say": words, "rating": score, "ended": True},
        properties=FunctionCallResultProperties(run_llm=False),
    )
    await params.llm.push_frame(TTSSpeakFrame(words))
    await call.end_after_words("bot said goodbye")


def score_of(rating: str) -> int | None:
    """1 to 5; None where the caller did not say one, or said several."""
    words = re.findall(r"[a-z]+|\d+", _NO_SCORE.sub("", str(rating).lower()))
    scores = {SCORES[word] for word in words if word in SCORES}
    scores |= {int(word) for word in words if word in ("1", "2", "3", "4", "5")}
    # "not good", "not bad": who is to say?
    unclear = {"not", "no"} & {*words} or any(w.isdecimal() and int(w) > 5 for w in words)
    return scores.pop() if len(scores) == 1 and not unclear else None


def _typed(context: Any) -> bool:
    """Whether the caller's last words came from the keypad (Pipecat's DTMFAggregator)."""
    messages = context.get_messages() if context else []
    said = [m.get("content") for m in messages if isinstance(m, dict) and m.get("role") == "user"]
    return bool(said) and str(said[-1]).startswith("DTMF:")
