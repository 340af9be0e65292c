"""What tools have returned in a conversation, as lines."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pipecat.processors.aggregators import async_tool_messages
from pipecat.processors.aggregators.llm_context import LLMContextMessage

# Of one result; the longest are lists of which the first lines tell most.
LONGEST_FACT = 300

_NOTHING_RETURNED = ("IN_PROGRESS", "COMPLETED", "CANCELLED")


def facts_in(messages: Sequence[LLMContextMessage]) -> list[str]:
    """A line for every result: the call, and what it returned. The same call's last one counts."""
    asked: dict[str, str] = {}
    facts: dict[str, str] = {}
    for message in messages:
        if not isinstance(message, dict):
            continue
        asked |= dict(_calls_in(message))
        call_id, result = _result_in(message)
        if call_id in asked and result and not result.startswith(_NOTHING_RETURNED):
            facts.pop(asked[call_id], None)
            facts[asked[call_id]] = result
    return [f"{call} returned {_shortened(result)}" for call, result in facts.items()]


def newest_within(facts: Sequence[str], characters: int) -> list[str]:
    """The last of the facts that have room, in their order."""
    kept: list[str] = []
    for fact in reversed(facts):
        characters -= len(fact) + 1
        if characters < 0:
            break
        kept.insert(0, fact)
    return kept


def _calls_in(message: Any) -> Iterator[tuple[str, str]]:
    for call in message.get("tool_calls") or ():
        function = call.get("function", {})
        arguments = function.get("arguments") or ""
        told = "" if arguments == "{}" else arguments
        yield str(call.get("id")), _shortened(f"{function.get('name')}({told})")


def _result_in(message: Any) -> tuple[str, str]:
    later = async_tool_messages.parse_message(message)
    if later:
        return later.tool_call_id, later.result or ""
    if message.get("role") != "tool":
        return "", ""
    content = message.get("content")
    text = content if isinstance(content, str) else json.dumps(content, default=str)
    return str(message.get("tool_call_id")), text


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_FACT else text[: LONGEST_FACT - 1] + "…"
