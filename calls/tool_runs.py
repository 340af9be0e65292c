"""Every run of a tool, from the model's call to its result."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import (
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
)

from calls.harmless import harmless

# A tool may return a whole catalogue; a record is no place for it.
_LONGEST = 8_000

CALL_ENDED = "the call ended before it was done"
CANCELLED = "it was cancelled"


@dataclass
class _Run:
    name: str
    arguments: Any
    began_s: float


class ToolRuns:
    """The tools of one call that run.

    Parameters:
        note: Told of each that is done: `name`, `arguments`, `result`, `duration_ms`, `error`.
    """

    def __init__(self, note: Callable[..., None]) -> None:
        self._note = note
        self._running: dict[str, _Run] = {}
        self.last_failed = False

    def listen_to(self, llm: Any) -> None:
        """Follow the tools that a language model's service runs."""
        broadcast = llm.broadcast_frame

        async def heard(frame_cls: type, **facts: Any) -> None:
            self.told(frame_cls, facts)
            await broadcast(frame_cls, **facts)

        # Instance attribute: what is said of a tool is said with this, and at no other place.
        llm.broadcast_frame = heard

    @harmless
    def told(self, kind: type, facts: Mapping[str, Any]) -> None:
        """The language model's service tells of a tool."""
        if kind is FunctionCallInProgressFrame:
            run = _Run(facts["function_name"], facts["arguments"], _now_s())
            self._running[facts["tool_call_id"]] = run
        elif kind is FunctionCallResultFrame:
            properties = facts.get("properties")
            if properties is None or properties.is_final:
                self._over(facts["tool_call_id"], facts.get("result"), facts.get("error"))
        elif kind is FunctionCallCancelFrame:
            # A deadline is the one cancellation after which the model is asked.
            run = self._running.get(facts["tool_call_id"])
            after_s = _now_s() - run.began_s if run else 0.0
            late = f"it took longer than {after_s:.1f} s" if facts.get("run_llm") else CANCELLED
            self._over(facts["tool_call_id"], None, late)

    @harmless
    def over(self) -> None:
        """The call is over: whatever runs has no result."""
        for call_id in list(self._running):
            self._over(call_id, None, CALL_ENDED)

    def _over(self, call_id: str, result: Any, error: str | None) -> None:
        run = self._running.pop(call_id, None)
        if run is None:
            return
        self.last_failed = bool(error)
        self._note(
            name=run.name,
            arguments=_kept(run.arguments),
            result=None if error else _kept(result),
            duration_ms=round(1000 * (_now_s() - run.began_s), 1),
            error=error or None,
        )


def _kept(value: Any) -> Any:
    """A value as JSON has it, or the beginning of that."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return json.loads(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _now_s() -> float:
    return asyncio.get_running_loop().time()
