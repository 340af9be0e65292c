"""How many tokens messages cost, roughly, and where a conversation can be cut in two."""

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from pipecat.processors.aggregators import async_tool_messages
from pipecat.processors.aggregators.llm_context import (
    LLMContext,
    LLMContextMessage,
    LLMSpecificMessage,
)
from pipecat.utils.context.llm_context_summarization import (
    CHARS_PER_TOKEN,
    LLMContextSummarizationUtil,
)

# What the caller refers to with "that one" was said in one of these.
NEWEST_TURNS = 2


def tokens_in(messages: Sequence[LLMContextMessage]) -> int:
    """Pipecat's estimate: four characters a token, and ten tokens for the frame of a message.

    Instructions and tools are not messages, and are not counted. What is one provider's own,
    such as a model's thoughts, is counted by its characters; Pipecat leaves it out.
    """
    own = (m.message for m in messages if isinstance(m, LLMSpecificMessage))
    count = LLMContextSummarizationUtil.estimate_context_tokens(LLMContext(list(messages)))
    return count + sum(len(json.dumps(m, default=str)) // CHARS_PER_TOKEN for m in own)


def cut_before(messages: Sequence[LLMContextMessage], *, left_tokens: int) -> int:
    """Where a conversation is cut so that no more than `left_tokens` are left; 0: nowhere.

    A cut is between two turns, never between a tool's call and its result, and never in the
    newest turns; so more may be left.
    """
    begins = [
        number
        for number in range(1, len(messages))
        if role_of(messages[number]) == "user" and role_of(messages[number - 1]) != "user"
    ][: -(NEWEST_TURNS - 1) or None]
    fitting = bisect_left(begins, -left_tokens, key=lambda b: -tokens_in(messages[b:]))
    settled = set(_settled_before(messages))
    # The last of the settled ones; all before it are settled as well.
    return max((b for b in begins[: fitting + 1] if b in settled), default=0)


def role_of(message: LLMContextMessage | Any) -> str:
    return str(message.get("role", "")) if isinstance(message, dict) else ""


def _settled_before(messages: Sequence[LLMContextMessage]) -> Iterator[int]:
    """Where every tool that was called before has its result before as well."""
    # Pipecat's own look takes a tool that runs on beside the call for one that has its result.
    running: set[str] = set()
    for number, message in enumerate(messages):
        if not running:
            yield number
        if not isinstance(message, dict):
            continue
        running |= {str(call.get("id")) for call in message.get("tool_calls") or ()}
        beside = async_tool_messages.parse_message(message)
        if beside:
            if beside.status == "finished":
                running.discard(beside.tool_call_id)
        elif message.get("role") == "tool" and message.get("content") != "IN_PROGRESS":
            running.discard(str(message.get("tool_call_id")))
