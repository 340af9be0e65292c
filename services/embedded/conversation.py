"""Where a conversation stands, and what can be done next: the values that the rules pass on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Say:
    """Say this; "" says nothing."""

    text: str


@dataclass(frozen=True)
class CallTool:
    """Call this tool."""

    name: str
    arguments: dict[str, Any]


Decision = Say | CallTool


class Ask(StrEnum):
    """What was asked when it was not a tool's parameter. No parameter's name holds a space."""

    MORE = "anything else"
    CHANGE = "change what"
    PERSON = "a person"
    RETRY = "try again"
    RESUME = "cut off"
    RESULT = "question of a result"
    DID_YOU_MEAN = "did you mean"


@dataclass(frozen=True)
class Form:
    """A tool's arguments as far as they are known."""

    desk: str
    filled: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """Where the conversation stands; a value derived from the messages.

    Parameters:
        form: The tool call being prepared.
        settled: The last tool call that was made.
        asked: The parameter, or one of the questions above, that the caller was asked for.
        misses: How often in a row the caller was not understood.
        facts: Name to (value, tool that it came from), out of results.
        needed: What the last result asked for, whichever tool takes it.
        lists: The lists in the last result, to pick from by "the first one".
        paused: A call that was being prepared when the caller turned to something else.
        answer: What was last said that is worth repeating.
        unheard: A result that was not spoken yet.
        guess: What the caller may have meant: desk and words.
        digits: The beginning of a number that the caller has not said to its end.
        turn: Counts the caller's turns, to vary the wording.
    """

    form: Form | None = None
    settled: Form | None = None
    asked: str = ""
    misses: int = 0
    facts: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    needed: str = ""
    lists: tuple[Sequence[Any], ...] = ()
    paused: Form | None = None
    answer: str = ""
    unheard: str = ""
    guess: tuple[str, str] = ("", "")
    digits: str = ""
    turn: int = 0


Step = tuple[State, Decision]


def joined(*sentences: str) -> str:
    """The sentences that are not empty, in a row."""
    return " ".join(sentence for sentence in sentences if sentence)


def asks_something(text: str) -> bool:
    """Whether the text ends in a question."""
    return text.rstrip('"” ').endswith("?")
