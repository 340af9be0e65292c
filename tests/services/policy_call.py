"""A call that the understudy's policy answers, at the clinic, at the shop or anywhere."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema

from services.embedded.policy import CallTool, Policy
from services.embedded.topic import Topic
from tests.services.policy_desks import CLINIC, CLINIC_TOOLS, SHOP, SHOP_TOOLS

TODAY = date(2026, 11, 21)  # a Saturday


class Call:
    """A call as the context's messages record it; tools answer from a table."""

    def __init__(
        self,
        topics: Sequence[Topic] = (),
        tools: Sequence[Callable[..., Any]] = (),
        answers: Mapping[str, Any] | None = None,
        instructions: str = "",
    ) -> None:
        self.policy = Policy(ToolsSchema(list(tools)).standard_tools, topics, instructions)
        self.answers = dict(answers or {})
        self.messages: list[Any] = []
        self.calls: list[CallTool] = []

    def caller(self, *lines: str) -> str:
        """The caller says this (utterances with no word of the bot between); the bot's answer."""
        self.messages += [{"role": "user", "content": line} for line in lines]
        return self.bot()

    def bot(self) -> str:
        decision = self.policy.decide(self.messages, TODAY)
        while isinstance(decision, CallTool):
            self.tool(decision, self.answers.get(decision.name, {"say": "Done."}))
            decision = self.policy.decide(self.messages, TODAY)
        self.messages.append({"role": "assistant", "content": decision.text})
        return decision.text

    def tool(self, call: CallTool, result: Any) -> None:
        self.calls.append(call)
        call_id = f"call-{len(self.calls)}"
        function = {"name": call.name, "arguments": json.dumps(call.arguments)}
        content = result if result in ("CANCELLED", "IN_PROGRESS") else None
        if content is None:
            content = json.dumps(result) if result else "COMPLETED"
        self.messages += [
            {
                "role": "assistant",
                "tool_calls": [{"id": call_id, "function": function, "type": "function"}],
            },
            {"role": "tool", "content": content, "tool_call_id": call_id},
        ]


def clinic(**answers: Any) -> Call:
    return Call(CLINIC, CLINIC_TOOLS, answers)


def shop(**answers: Any) -> Call:
    return Call(SHOP, SHOP_TOOLS, answers)


BOOKED = CallTool(
    "book",
    {
        "day": "2026-11-23",
        "time": "10:30",
        "name": "John Smith",
        "date_of_birth": "1985-03-03",
        "confirmed": True,
    },
)


def booking_up_to_the_read_back() -> tuple[Call, str]:
    call = clinic()
    call.caller("i'd like to book on monday at ten thirty")
    call.caller("john smith")
    return call, call.caller("the third of march nineteen eighty five")
