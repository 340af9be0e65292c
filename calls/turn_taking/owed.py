"""Whether the caller waits for an answer."""

from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext


def owes_answer(context: LLMContext) -> bool:
    """Whether nothing was heard yet of an answer to what the caller or a tool said last."""
    messages: list[Any] = context.messages
    last = messages[-1] if messages else None
    if isinstance(last, dict) and last.get("role") == "assistant":
        return not last.get("content")
    return last is not None
