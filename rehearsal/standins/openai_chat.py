"""OpenAI's chat completions: requests read, answers and errors written. No input or output here."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.standins.delivery import Piece
from rehearsal.standins.prompt import (
    BadRequest,
    Message,
    Prompt,
    Reply,
    Tool,
    ToolCall,
    argument_parts,
    tokens,
    tokens_answered,
    tokens_asked,
)

_TYPES = {401: "invalid_request_error", 429: "requests", 500: "server_error", 503: "server_error"}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded", 503: "service_unavailable"}
KEEP_ALIVE: bytes = b": keep-alive\n\n"


def read_request(body: Mapping[str, Any]) -> Prompt:
    """The prompt of a request body. Raises BadRequest."""
    for name, kind in (("model", str), ("messages", list)):
        if not isinstance(body.get(name), kind):
            raise BadRequest(f"Missing required parameter: '{name}'.")
    messages: list[Message] = []
    waiting: dict[str, str] = {}  # the calls without a result yet: id to name
    for message in body["messages"]:
        if message.get("role") == "tool":
            messages.append(_result(message, waiting))
            continue
        if waiting:
            raise BadRequest(
                "An assistant message with 'tool_calls' must be followed by tool messages "
                "responding to each 'tool_call_id'. The following tool_call_ids did not have "
                f"response messages: {', '.join(waiting)}"
            )
        messages.append(_said(message))
        waiting = {call.id: call.name for call in messages[-1].calls}
    return Prompt(tuple(messages), tuple(_tool(tool) for tool in body.get("tools") or ()))


def _result(message: Mapping[str, Any], waiting: dict[str, str]) -> Message:
    call_id = str(message.get("tool_call_id", ""))
    if call_id not in waiting:
        raise BadRequest(
            "Invalid parameter: messages with role 'tool' must be a response to a preceding "
            "message with 'tool_calls'."
        )
    text = _text(message.get("content"))
    return Message("tool", text, tool=waiting.pop(call_id), call_id=call_id)


def _said(message: Mapping[str, Any]) -> Message:
    text = _text(message.get("content"))
    match message.get("role"):
        case "system" | "developer" | "user" as role:
            return Message(role, text)
        case "assistant":
            asked = message.get("tool_calls") or ()
            calls = tuple(
                ToolCall(call["function"]["name"], call["function"]["arguments"], call["id"])
                for call in asked
            )
            return Message("assistant", text, calls)
        case role:
            raise BadRequest(f"Invalid value: '{role}' as the role of a message.")


def _tool(tool: Mapping[str, Any]) -> Tool:
    function = tool["function"]
    return Tool(function["name"], function.get("description", ""), function.get("parameters") or {})


def stream(reply: Reply, prompt: Prompt, body: Mapping[str, Any]) -> Iterator[Piece]:
    """The events of a streamed answer; a last chunk with what it cost, if that is asked for."""
    usage = bool((body.get("stream_options") or {}).get("include_usage"))
    common = _common("chat.completion.chunk", body)
    if usage:
        common["usage"] = None
    call_id = _call_ids(common["id"])

    def event(choices: list[dict[str, Any]], **more: Any) -> str:
        return f"data: {json.dumps({**common, 'choices': choices, **more})}\n\n"

    def delta(delta: dict[str, Any], finish: str | None = None) -> str:
        return event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])

    content = None if reply.calls and not reply.text else ""
    yield Piece(delta({"role": "assistant", "content": content, "refusal": None}))
    for token in tokens(reply.text):
        yield Piece(delta({"content": token}), weight=1)
    for index, call in enumerate(reply.calls):
        opening = {
            "index": index,
            "id": call_id(index),
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield Piece(delta({"tool_calls": [opening]}), weight=1)
        for part in argument_parts(call.arguments):
            more = {"index": index, "function": {"arguments": part}}
            yield Piece(delta({"tool_calls": [more]}), weight=1)
    yield Piece(delta({}, _finish(reply)), end=True)
    if usage:
        yield Piece(event([], usage=_usage(reply, prompt)))
    yield Piece("data: [DONE]\n\n")


def whole(reply: Reply, prompt: Prompt, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an answer that is not streamed."""
    common = _common("chat.completion", body)
    call_id = _call_ids(common["id"])
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": call_id(index),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for index, call in enumerate(reply.calls)
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
    return {**common, "choices": [choice], "usage": _usage(reply, prompt)}


def error(status: int, message: str) -> dict[str, Any]:
    """The body of an answer with an error status."""
    return {
        "error": {
            "message": message,
            "type": _TYPES.get(status, "invalid_request_error"),
            "param": None,
            "code": _CODES.get(status),
        }
    }


def _common(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": body["model"],
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }


def _call_ids(completion_id: str) -> Callable[[int], str]:
    stem = completion_id.removeprefix("chatcmpl-")[:20]
    return lambda index: f"call_{stem}{index}"


def _finish(reply: Reply) -> str:
    if reply.cut:
        return "length"
    return "tool_calls" if reply.calls else "stop"


def _usage(reply: Reply, prompt: Prompt) -> dict[str, Any]:
    asked, answered = tokens_asked(prompt), tokens_answered(reply)
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content)
    return content or ""
