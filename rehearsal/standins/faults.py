"""What a stand-in can do wrong: one row a fault, and the choice of whom it hits."""

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rehearsal.standins.seats import (
    ALL,
    LISTEN,
    SPEAK,
    SPEAK_WS,
    STREAMS,
    THINK,
    WEBSOCKETS,
    Protocol,
)

Level = Literal["connection", "turn"]
"""A turn is one utterance heard, one completion, one text spoken: what a caller waits for.

For the HTTP providers every request is a connection and a turn at once.
"""


class FaultError(ValueError):
    """This fault cannot be had; the message says why, or what there is."""


@dataclass(frozen=True)
class Kind:
    """One fault: `what` it does, `by` which protocols, and of which parameters it makes use."""

    name: str
    level: Level
    by: frozenset[Protocol]
    what: str
    uses: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("refuse", "connection", ALL, "the connection is reset before a byte is answered"),
        Kind("never_opens", "connection", WEBSOCKETS, "the WebSocket handshake is not answered"),
        Kind("never_answers", "turn", ALL, "accepted, then nothing"),
        Kind(
            "close",
            "turn",
            STREAMS,
            "the connection breaks off after some tokens, chunks or words, without a goodbye",
            uses=("after",),
        ),
        Kind("http_401", "connection", ALL, "HTTP 401: the key is not accepted"),
        Kind(
            "http_429",
            "connection",
            ALL,
            "HTTP 429 with Retry-After: too many requests",
            uses=("seconds",),
        ),
        Kind("http_500", "connection", ALL, "HTTP 500: the provider's own error"),
        Kind("http_503", "connection", ALL, "HTTP 503: overloaded"),
        Kind("late", "turn", ALL, "the first byte of the answer comes late", uses=("seconds",)),
        Kind(
            "stall",
            "turn",
            STREAMS,
            "nothing more after some tokens, chunks or words; the connection stays open",
            uses=("after",),
        ),
        Kind("no_audio", "turn", SPEAK, "success, and not a sample of audio"),
        Kind("keep_alives", "turn", WEBSOCKETS | THINK, "keep-alives only", uses=("seconds",)),
        Kind("blank_text", "turn", LISTEN | THINK, "text of white space only"),
        Kind(
            "malformed_json",
            "turn",
            ALL - {"openai-speech"},
            "a message that breaks off in the middle of its JSON",
            uses=("after",),
        ),
        Kind("cut_arguments", "turn", THINK, "a tool call whose arguments are cut off"),
        Kind("unknown_tool", "turn", THINK, "a call of a tool that nobody declared"),
        Kind("wrong_rate", "turn", SPEAK, "audio at another sample rate than agreed"),
        Kind("stale_context", "turn", SPEAK_WS, "results for a context that was cancelled"),
    )
}

_WHY_NOT = {
    "never_opens": "it has no WebSocket; take never_answers",
    "close": "its answer is one piece; take refuse",
    "stall": "its answer is one piece; take never_answers",
    "keep_alives": "its protocol has no keep-alives while it answers",
    "no_audio": "it does not speak",
    "wrong_rate": "it does not speak",
    "blank_text": "it does not answer with text",
    "malformed_json": "it does not answer with JSON",
    "cut_arguments": "it does not call tools",
    "unknown_tool": "it does not call tools",
    "stale_context": "it has no contexts to cancel",
}


class Fault(BaseModel):
    """A fault on order.

    Attributes:
        kind: A name in KINDS.
        first, last: The connections or turns it hits, counted per seat from 1; `last` None: all
            from `first` on.
        probability: How likely it hits each of them.
        match: Only where this regular expression is found in what was asked (the connection's
            query, the last user message, the text to speak).
        after: Tokens, chunks or words that still come (close, stall, malformed_json).
        seconds: How late (late), Retry-After (http_429), between two keep-alives (keep_alives).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    first: int = Field(1, ge=1)
    last: int | None = Field(None, ge=1)
    probability: float = Field(1.0, ge=0, le=1)
    match: str = ""
    after: int = Field(3, ge=0)
    seconds: float = Field(5.0, ge=0, le=3600)

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f'there is no fault "{kind}"; there are {", ".join(KINDS)}')
        return kind

    @field_validator("match")
    @classmethod
    def _is_expression(cls, match: str) -> str:
        try:
            re.compile(match)
        except re.error as error:
            raise ValueError(f"{match!r} is no regular expression: {error}") from error
        return match

    @model_validator(mode="after")
    def _is_in_order(self) -> "Fault":
        if self.last is not None and self.last < self.first:
            raise ValueError(f"last={self.last} comes before first={self.first}")
        return self

    @property
    def level(self) -> Level:
        return KINDS[self.kind].level

    def check(self, seat: str, speaks: Protocol) -> None:
        """Raises FaultError if what speaks this protocol cannot have it."""
        if speaks not in KINDS[self.kind].by:
            raise FaultError(f"{seat} cannot have the fault {self.kind}: {_WHY_NOT[self.kind]}.")

    def hits(self, level: Level, number: int, text: str, rng: random.Random) -> bool:
        """Whether it hits; draws from `rng` only if nothing but chance is left to decide."""
        return (
            self.level == level
            and self.first <= number
            and (self.last is None or number <= self.last)
            and re.search(self.match, text, re.IGNORECASE) is not None
            and (self.probability >= 1 or rng.random() < self.probability)
        )


@dataclass(frozen=True)
class Hit:
    """The faults that hit one connection or turn, by name."""

    faults: tuple[Fault, ...] = ()

    def get(self, kind: str) -> Fault | None:
        return next((fault for fault in self.faults if fault.kind == kind), None)

    def __contains__(self, kind: str) -> bool:
        return self.get(kind) is not None

    @property
    def http_status(self) -> int | None:
        return next(
            (int(f.kind.removeprefix("http_")) for f in self.faults if f.kind.startswith("http_")),
            None,
        )


def hitting(
    faults: Iterable[Fault], level: Level, number: int, text: str, rng: random.Random
) -> Hit:
    return Hit(tuple(f for f in faults if f.hits(level, number, text, rng)))
