"""What a bot can do for a caller, as the understudy sees it: one desk per topic or tool."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema

from services.embedded.matching import Matcher, Subject, keywords_of
from services.embedded.slots import Kind, Slot, slots_of
from services.embedded.topic import Topic

_EMERGENCY = re.compile(r"(?i)\bemergency\b|\b(?:nine one one|nine nine nine|one one two)\b")


class Duty(Enum):
    """What a tool does to the call itself."""

    BUSINESS = auto()
    HAND_OVER = auto()
    GOODBYE = auto()


@dataclass(frozen=True)
class Desk:
    """One thing that the bot can do.

    Parameters:
        key: Tells desks apart; a tool may have several.
        tool: Name of the tool, "" for a desk that only replies.
        description: The tool's description.
        slots: The tool's parameters in the order they are asked for.
        asks: Parameter name to the question for it.
        reply: What a desk without a tool says.
        says: Lines that callers say for it.
        duty: What it does to the call.
    """

    key: str
    tool: str = ""
    description: str = ""
    slots: tuple[Slot, ...] = ()
    asks: Mapping[str, str] = field(default_factory=dict)
    reply: str = ""
    says: tuple[str, ...] = ()
    duty: Duty = Duty.BUSINESS

    def missing(self, filled: Mapping[str, Any]) -> Slot | None:
        """The next required slot without a value, or None when the tool can be called."""
        for slot in self.slots:
            if slot.required and slot.name not in filled:
                return slot
        return None

    def slot(self, name: str) -> Slot | None:
        """The slot of that name, or None."""
        return next((slot for slot in self.slots if slot.name == name), None)

    @property
    def urgent(self) -> bool:
        """Whether it tells where to get help in an emergency."""
        return not self.tool and bool(_EMERGENCY.search(self.reply))

    @property
    def amends(self) -> bool:
        """Whether it changes what is there, so that doing it twice leaves nothing double."""
        return re.split(r"[\W_]+", self.tool.lower())[0] in _AMENDING

    @property
    def confirmation(self) -> Slot | None:
        """The slot that a read-back fills, or None."""
        return next((slot for slot in self.slots if slot.kind is Kind.CONFIRMATION), None)


_AMENDING = frozenset("move change update edit reschedule amend modify correct".split())


def duty_of(tool_name: str) -> Duty:
    """What a tool of that name does to the call."""
    name = tool_name.lower()
    if any(part in name for part in ("person", "handoff", "hand_over", "transfer")):
        return Duty.HAND_OVER
    parts = set(re.split(r"[\W_]+", name))
    if "goodbye" in name or parts & {"bye", "end", "hang", "hangup"}:
        return Duty.GOODBYE
    return Duty.BUSINESS


class Desks:
    """All desks of a bot, and the way to the right one."""

    def __init__(self, tools: Sequence[FunctionSchema], topics: Sequence[Topic]) -> None:
        self.all = tuple(_desks(tools, topics))
        self._by_key = {desk.key: desk for desk in self.all}
        self.matcher = Matcher(
            Subject(
                desk.key,
                desk.says,
                frozenset() if desk.says else keywords_of(desk.tool, desk.description),
            )
            for desk in self.all
            if desk.says or desk.duty is Duty.BUSINESS
        )

    def __getitem__(self, key: str) -> Desk:
        return self._by_key[key]

    def of_tool(self, tool: str) -> Desk | None:
        """The first desk of a tool, or None."""
        return next((desk for desk in self.all if tool and desk.tool == tool), None)

    def with_duty(self, duty: Duty) -> Desk | None:
        """The first desk with a tool of that duty, or None."""
        return next((desk for desk in self.all if desk.tool and desk.duty is duty), None)

    @property
    def business(self) -> list[Desk]:
        """The desks with a tool that is neither for handing over nor for ending the call."""
        return [desk for desk in self.all if desk.tool and desk.duty is Duty.BUSINESS]


def _desks(tools: Sequence[FunctionSchema], topics: Sequence[Topic]) -> list[Desk]:
    schemas = {tool.name: tool for tool in tools}
    desks: list[Desk] = []
    for number, topic in enumerate(topics):
        name = getattr(topic.tool, "__name__", "") if topic.tool else ""
        schema = schemas.get(name)
        if schema:
            desks.append(
                Desk(
                    key=f"{number}:{name}",
                    tool=name,
                    description=schema.description,
                    slots=slots_of(schema),
                    asks=topic.asks,
                    says=topic.says,
                    duty=duty_of(name),
                )
            )
        elif topic.reply:
            desks.append(Desk(key=f"{number}:", reply=topic.reply, says=topic.says))
    with_topic = {desk.tool for desk in desks}
    for schema in tools:
        if schema.name not in with_topic:
            desks.append(
                Desk(
                    key=schema.name,
                    tool=schema.name,
                    description=schema.description,
                    slots=slots_of(schema),
                    duty=duty_of(schema.name),
                )
            )
    return desks
