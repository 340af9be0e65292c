"""How many tokens messages cost, roughly, and where a conversation can be cut in two."""

import json
from collections.abc import Sequence
from typing import Any

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
    first = next((b for b in begins if tokens_in(messages[b:]) <= left_tokens), None)
    wished = first if first is not None else (begins[-1] if begins else 0)
    # The last of the settled ones; all before it are settled as well.
    return next((b for b in reversed(begins) if b <= wished and _settled(messages, b)), 0)


def role_of(message: LLMContextMessage | Any) -> str:
    return str(message.get("role", "")) if isinstance(message, dict) else ""


def _settled(messages: Sequence[LLMContextMessage], end: int) -> bool:
    """Whether every tool that was called before `end` has its result there as well."""
    context = LLMContext(list(messages))
    settled = LLMContextSummarizationUtil.get_messages_to_summarize(context, len(messages) - end)
    return settled.last_summarized_index == end - 1
