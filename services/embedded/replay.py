"""A call's context messages as the events that they record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipecat.processors.aggregators import async_tool_messages
from pipecat.processors.aggregators.llm_context import (
    LLMContextMessage,
    LLMSpecificMessage,
    standard_message_text,
)


@dataclass(frozen=True)
class CallerSaid:
    """What the caller said since the bot last spoke.

    Parameters:
        text: All of it.
        last: The last of the utterances that it came in.
    """

    text: str
    last: str


@dataclass(frozen=True)
class BotSaid:
    """What the caller heard of the bot; may be cut off."""

    text: str


@dataclass(frozen=True)
class ToolCalled:
    """A tool was started."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class ToolAnswered:
    """A tool ended. `result` is the decoded result, None for one that returned nothing."""

    name: str
    result: Any


@dataclass(frozen=True)
class ToolCancelled:
    """A tool was cut off before it returned."""

    name: str


@dataclass(frozen=True)
class Nudged:
    """The bot was told something by its developer ("greet the caller", "the caller is silent")."""


Event = CallerSaid | BotSaid | ToolCalled | ToolAnswered | ToolCancelled | Nudged


def events_in(messages: Sequence[LLMContextMessage]) -> list[Event]:
    """The events in order. The caller's utterances between two of the bot's are one event."""
    events: list[Event] = []
    names: dict[str, str] = {}
    for message in messages:
        if isinstance(message, LLMSpecificMessage):
            continue
        for event in _events_of(message, names):
            previous = events[-1] if events else None
            if isinstance(event, CallerSaid) and isinstance(previous, CallerSaid):
                events[-1] = CallerSaid(f"{previous.text} {event.text}", event.last)
            else:
                events.append(event)
    return events


def _events_of(message: Any, names: dict[str, str]) -> list[Event]:
    settled = async_tool_messages.parse_message(message)
    if settled:
        if settled.kind != "final":
            return []
        return _tool_event(names.get(settled.tool_call_id, ""), settled.result or "COMPLETED")
    text = standard_message_text(message).strip()
    match message.get("role"):
        case "user":
            return [CallerSaid(text, text)] if text else []
        case "assistant":
            calls = [_called(call, names) for call in message.get("tool_calls") or ()]
            return [*([BotSaid(text)] if text else []), *calls]
        case "tool":
            return _tool_event(names.get(str(message.get("tool_call_id")), ""), text)
        case "developer":
            return [Nudged()]
    return []


def _called(call: Mapping[str, Any], names: dict[str, str]) -> Event:
    function = call.get("function", {})
    name = str(function.get("name", ""))
    names[str(call.get("id"))] = name
    arguments = _decoded(function.get("arguments") or "{}")
    return ToolCalled(name, arguments if isinstance(arguments, dict) else {})


def _tool_event(name: str, content: str) -> list[Event]:
    if content == "IN_PROGRESS":
        return []
    if content == "CANCELLED" or content.startswith("CANCELLED:"):
        return [ToolCancelled(name)]
    return [ToolAnswered(name, None if content == "COMPLETED" else _decoded(content))]


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
