"""Anthropic's messages: requests read, answers and errors written. No input or output here."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
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

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
}


def _event(kind: str, **more: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"


KEEP_ALIVE: bytes = _event("ping").encode()


def read_request(body: Mapping[str, Any]) -> Prompt:
    """The prompt of a request body. Raises BadRequest."""
    for name, kind in (("model", str), ("messages", list), ("max_tokens", int)):
        if not isinstance(body.get(name), kind):
            raise BadRequest(f"{name}: Field required")
    messages: list[Message] = []
    if body.get("system"):
        messages.append(Message("system", _text(_blocks(body["system"]))))
    waiting: dict[str, str] = {}  # the calls without a result yet: id to name
    for place, message in enumerate(body["messages"]):
        blocks = _blocks(message.get("content"))
        results = [block for block in blocks if block.get("type") == "tool_result"]
        answered = {str(block.get("tool_use_id")) for block in results}
        if missing := [call_id for call_id in waiting if call_id not in answered]:
            raise BadRequest(
                f"messages.{place}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(missing)}."
            )
        if unknown := sorted(answered - set(waiting)):
            raise BadRequest(
                f"messages.{place}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{', '.join(unknown)}."
            )
        messages += [_result(block, waiting) for block in results]
        messages += _said(message.get("role"), blocks, place)
        waiting = {call.id: call.name for call in messages[-1].calls} if messages else {}
    return Prompt(tuple(messages), tuple(_tool(tool) for tool in body.get("tools") or ()))


def _said(role: Any, blocks: Sequence[Mapping[str, Any]], place: int) -> list[Message]:
    if role not in ("user", "assistant"):
        raise BadRequest(f"messages.{place}.role: it is user or assistant, not {role!r}")
    calls = tuple(
        ToolCall(block["name"], json.dumps(block["input"]), block["id"])
        for block in blocks
        if block.get("type") == "tool_use"
    )
    text = _text(blocks)
    return [Message(role, text, calls)] if text or calls else []


def _result(block: Mapping[str, Any], waiting: Mapping[str, str]) -> Message:
    call_id = str(block["tool_use_id"])
    text = _text(_blocks(block.get("content")))
    return Message("tool", text, tool=waiting[call_id], call_id=call_id)


def _tool(tool: Mapping[str, Any]) -> Tool:
    return Tool(tool["name"], tool.get("description", ""), tool.get("input_schema") or {})


def stream(reply: Reply, prompt: Prompt, body: Mapping[str, Any]) -> Iterator[Piece]:
    """The events of a streamed answer."""
    message = _message(body, [], None, _usage(prompt, 1))
    yield Piece(_event("message_start", message=message))
    yield Piece(KEEP_ALIVE.decode())
    index = 0
    if reply.text:
        block = {"type": "text", "text": ""}
        yield Piece(_event("content_block_start", index=index, content_block=block))
        for token in tokens(reply.text):
            delta = {"type": "text_delta", "text": token}
            yield Piece(_event("content_block_delta", index=index, delta=delta), weight=1)
        yield Piece(_event("content_block_stop", index=index))
        index += 1
    for call in reply.calls:
        block = {"type": "tool_use", "id": _call_id(), "name": call.name, "input": {}}
        yield Piece(_event("content_block_start", index=index, content_block=block), weight=1)
        for part in argument_parts(call.arguments):
            delta = {"type": "input_json_delta", "partial_json": part}
            yield Piece(_event("content_block_delta", index=index, delta=delta), weight=1)
        yield Piece(_event("content_block_stop", index=index))
        index += 1
    ending = {"stop_reason": _stop_reason(reply), "stop_sequence": None}
    usage = _usage(prompt, tokens_answered(reply))
    yield Piece(_event("message_delta", delta=ending, usage=usage), end=True)
    yield Piece(_event("message_stop"))


def whole(reply: Reply, prompt: Prompt, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an answer that is not streamed."""
    content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    for call in reply.calls:
        content.append(
            {
                "type": "tool_use",
                "id": _call_id(),
                "name": call.name,
                "input": _decoded(call.arguments),
            }
        )
    usage = _usage(prompt, tokens_answered(reply))
    return _message(body, content, _stop_reason(reply), usage)


def error(status: int, message: str) -> dict[str, Any]:
    """The body of an answer with an error status."""
    return {"type": "error", "error": {"type": _TYPES.get(status, "api_error"), "message": message}}


def _message(
    body: Mapping[str, Any], content: list[Any], stop_reason: str | None, usage: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _usage(prompt: Prompt, answered: int) -> dict[str, Any]:
    return {
        "input_tokens": tokens_asked(prompt),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": answered,
    }


def _stop_reason(reply: Reply) -> str:
    if reply.cut:
        return "max_tokens"
    return "tool_use" if reply.calls else "end_turn"


def _call_id() -> str:
    return f"toolu_{uuid.uuid4().hex[:24]}"


def _decoded(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return {}


def _blocks(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return list(content or ())


def _text(blocks: Sequence[Mapping[str, Any]]) -> str:
    texts = (str(block.get("text", "")) for block in blocks if block.get("type") == "text")
    return " ".join(text for text in texts if text)
