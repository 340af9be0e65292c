"""What a language model is asked and what it answers, whatever the protocol around it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal


class BadRequest(ValueError):
    """What a provider would answer HTTP 400 to; the message says why."""


@dataclass(frozen=True)
class ToolCall:
    """A call with its arguments as JSON text, which need not be well formed."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        text: What was said; of a tool, its result.
        calls: The tools that the assistant called.
        tool, call_id: Whose result it is.
    """

    role: Literal["system", "developer", "user", "assistant", "tool"]
    text: str
    calls: tuple[ToolCall, ...] = ()
    tool: str = ""
    call_id: str = ""


@dataclass(frozen=True)
class Tool:
    """A declared tool. `parameters` is its JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prompt:
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()

    @property
    def last_user_text(self) -> str:
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def tool_result(self) -> Message | None:
        """The result that waits to be told, though its telling may have begun already."""
        messages = self.without_begun_answer
        return messages[-1] if messages and messages[-1].role == "tool" else None

    @property
    def without_begun_answer(self) -> tuple[Message, ...]:
        """What is to be answered, where the last words are an answer to be gone on with."""
        *_, begun, request = [None, None, *self.messages]
        if begun and request and (begun.role, request.role) == ("assistant", "system"):
            return self.messages if begun.calls else self.messages[:-2]
        return self.messages


@dataclass(frozen=True)
class Reply:
    """`cut`: it ends in the middle, as when the most tokens allowed are reached."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    cut: bool = False

    def with_cut_arguments(self) -> "Reply":
        """The last call's arguments break off; a reply without calls stays as it is."""
        if not self.calls:
            return self
        *before, last = self.calls
        arguments = last.arguments[: len(last.arguments) // 2] or "{"
        return Reply(self.text, (*before, replace(last, arguments=arguments)), cut=True)


Mind = Callable[[Prompt], Reply]
"""Answers a prompt; runs on a thread of its own."""


def tokens(text: str) -> list[str]:
    """The text in the pieces that it is streamed in: words with the space before them."""
    return re.findall(r"\s*\S+(?:\s+$)?|\s+", text)


def argument_parts(arguments: str) -> list[str]:
    """A call's arguments in the pieces that they are streamed in."""
    return [arguments[at : at + 8] for at in range(0, len(arguments), 8)]


def tokens_asked(prompt: Prompt) -> int:
    """What the prompt costs; words stand in for tokens."""
    return sum(len(tokens(message.text)) + 4 for message in prompt.messages)


def tokens_answered(reply: Reply) -> int:
    calls = sum(len(argument_parts(call.arguments)) + 1 for call in reply.calls)
    return len(tokens(reply.text)) + calls
