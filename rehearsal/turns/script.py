"""The conversation whose turns are timed: what is said, when, and the one answer to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

INSTRUCTIONS = (
    "You answer the telephone of Maple Home Store. Everything you write is spoken aloud: answer in "
    "short plain sentences. Ask a tool before you say what only a tool can know."
)
GREETING = "Hello, this is Maple Home Store."
GREETED = "Home Store"
GO_ON = "Please go on."

THINKING_PAUSE_S = 0.9

# How long each tool takes, in seconds.
TOOL_S: Mapping[str, float] = {
    "find_order": 0.6,
    "check_stock": 0.6,
    "next_delivery": 0.6,
    "ask_warehouse": 2.0,
    "ask_factory": 6.0,
}
# What each tool finds out.
TOOL_FACTS: Mapping[str, str] = {
    "find_order": "The order arrives on Wednesday afternoon.",
    "check_stock": "It is in stock.",
    "next_delivery": "Friday morning.",
    "ask_warehouse": "The parcel left this morning.",
    "ask_factory": "The cupboard will be ready next month.",
}

Kind = Literal["plain", "yes", "pause", "digits", "tool", "two tools", "slow tool", "long", "barge"]
Intrusion = Literal["backchannel", "noise", "echo", "barge-in"]


@dataclass(frozen=True)
class Sound:
    """What the caller lets hear into the answer, without wanting it to stop but for a barge-in.

    Attributes:
        words: What is said; "" for a cough.
        after_s: How long after the answer's first sound.
    """

    kind: Intrusion
    words: str
    after_s: float


@dataclass(frozen=True)
class Call:
    """A tool that the answer needs, and its arguments."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One turn of the caller.

    Attributes:
        parts: What is said; a number is a silence of so many seconds.
        answer: What the bot says to it.
        heard: The answer's last words, by which it is recognised.
        calls: The tools that are called at once, before the answer.
        into: Sounds into the answer.
        interrupts_after_s: The line is spoken into the answer before it, so long after its first
            sound; None: after it.
    """

    kind: Kind
    parts: tuple[str | float, ...]
    answer: str
    heard: str
    calls: tuple[Call, ...] = ()
    into: tuple[Sound, ...] = ()
    interrupts_after_s: float | None = None

    @property
    def say(self) -> str:
        return " ".join(part for part in self.parts if isinstance(part, str))

    @property
    def llm_calls(self) -> int:
        """How often a language model has to be asked for the answer."""
        return 2 if self.calls else 1


def _plain(say: str, answer: str, heard: str) -> Line:
    return Line("plain", (say,), answer, heard)


# What is asked is worded so that the end-of-turn models of all systems are sure of its end, in the
# synthetic voice that asks: how well they understand such a voice is not what is measured.
HOURS = _plain(
    "when do you open in the morning",
    "We open at nine in the morning, and we close at six.",
    "close at six",
)
EVENING = _plain(
    "i want to know how late you are open",
    "We are open until eight today, and until six on Sundays.",
    "six on Sundays",
)
GIFT = _plain(
    "can i pay with a gift card",
    "Yes, you can pay with a gift card in every store.",
    "every store",
)
CHAIRS = _plain(
    "where can i find the garden chairs",
    "The garden chairs are on the second floor, next to the lift.",
    "to the lift",
)
HOLIDAY = _plain(
    "are you open over christmas",
    "No, we are closed for two days, but we open on the day after.",
    "the day after",
)
ORDER = Line(
    "tool",
    ("can you check order five one seven for me",),
    "Your order arrives on Wednesday afternoon.",
    "Wednesday afternoon",
    calls=(Call("find_order", {"order_number": "517"}),),
)
LAMP = Line(
    "two tools",
    ("tell me whether the blue lamp is there and when you can bring it",),
    "The blue lamp is in stock and comes on Friday morning.",
    "Friday morning",
    calls=(Call("check_stock", {"article": "blue lamp"}), Call("next_delivery")),
)
PARKING = Line(
    "pause",
    ("can you please tell me", THINKING_PAUSE_S, "what the parking costs"),
    "The first hour is free of charge, shall I send you directions?",
    "send you directions",
)
YES = Line("yes", ("yes",), "The directions are on their way to you.", "way to you")
FEE = Line(
    "pause",
    ("can you please tell me", THINKING_PAUSE_S, "how much delivery costs"),
    "That depends on how far away you live.",
    "away you live",
)
DIGITS = Line(
    "digits",
    ("my postal code is", 0.45, "nine four", 0.4, "one zero", 0.4, "three"),
    "Thank you, I have noted down your postal code.",
    "your postal code",
)
PAYING = Line(
    "long",
    ("tell me how i can pay for it",),
    "You can pay with any bank card at the counter. We also send a bill to your home, and you "
    "have thirty days to pay it. Large orders can be paid in twelve monthly parts.",
    "twelve monthly parts",
    into=(Sound("backchannel", "uh huh", 1.4), Sound("backchannel", "right", 4.0)),
)
MATTRESS = Line(
    "long",
    ("what does a new mattress cost",),
    "A good mattress begins at two hundred dollars for a single bed. For a double bed it is "
    "three hundred and fifty dollars.",
    "and fifty dollars",
    into=(Sound("noise", "", 1.5),),
)
DELIVERY = Line(
    "long",
    ("tell me how delivery works",),
    "First we call you to agree on a day. Then two of our people bring everything to your door. "
    "They carry it upstairs and take the old furniture along if you like.",
    "if you like",
)
COST = Line(
    "barge",
    ("hold on how much does it cost",),
    "Delivery costs four dollars.",
    "four dollars",
    interrupts_after_s=1.5,
)
WAREHOUSE = Line(
    "slow tool",
    ("please ask the warehouse for me",),
    "Your parcel left the warehouse this morning.",
    "this morning",
    calls=(Call("ask_warehouse"),),
)
FACTORY = Line(
    "slow tool",
    ("could you ask the factory for me",),
    "Your cupboard will be ready next month.",
    "next month",
    calls=(Call("ask_factory"),),
)

FULL = (
    HOURS, EVENING, ORDER, LAMP, PARKING, YES, GIFT, PAYING, DIGITS, FEE, MATTRESS, CHAIRS,
    DELIVERY, COST, HOLIDAY,
)  # fmt: skip
SLOW_TOOLS = (WAREHOUSE, FACTORY)
SHORT = (HOURS, ORDER, DELIVERY, COST)
WARM_UP = (GIFT,)
LINES = (*FULL, *SLOW_TOOLS)

# By the words that are listened for the sentences that hold them.
SENTENCES: Mapping[str, str] = {
    GREETED: GREETING,
    **{line.heard: line.answer for line in LINES},
}
