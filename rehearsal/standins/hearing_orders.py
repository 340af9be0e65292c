"""What a protocol that listens wants done, and what it is told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rehearsal.ear import HeardEvent


class BadQuery(ValueError):
    """A query that is answered with HTTP 400; the message says why."""


@dataclass(frozen=True)
class Send:
    """Send this message.

    Attributes:
        message: As it goes out in JSON.
        words: How many words it brings that were not sent before.
        end: It ends the utterance's results.
        step: Whose latency it has ("interim" or "final"), or "": none.
        in_turn: It belongs to the utterance, and so suffers its faults.
    """

    message: Mapping[str, Any]
    words: int = 0
    end: bool = False
    step: Literal["", "interim", "final"] = ""
    in_turn: bool = True

    @property
    def json(self) -> str:
        return json.dumps(self.message)


@dataclass(frozen=True)
class FinishUtterance:
    """Have all words of the utterance, then ask the protocol's `finished` what to do."""

    why: str


@dataclass(frozen=True)
class HangUp:
    """Close the connection after everything before it went out."""

    code: int = 1000
    reason: str = ""


Order = Send | FinishUtterance | HangUp


class HearingProtocol(Protocol):
    """One connection of a provider that listens: reads the client's messages, writes its own."""

    rate_hz: int
    encoding: str
    idle_timeout_s: float | None

    def opening(self) -> list[Order]: ...

    def receive(self, text: str, *, at_s: float) -> list[Order]:
        """A text message that came `at_s` into the audio."""
        ...

    def noticed(self, event: HeardEvent, *, at_s: float) -> list[Order]: ...

    def quiet(self, *, at_s: float) -> list[Order]:
        """So far into the audio; asked after every stretch of it."""
        ...

    def finished(self, why: str, text: str, *, began_s: float, at_s: float) -> list[Order]:
        """The utterance's words are there ("" if there was none open, or without words)."""
        ...

    def idle(self) -> HangUp: ...


def timed_words(text: str, began_s: float, ended_s: float) -> list[tuple[str, float, float]]:
    """The words with even spans from the utterance's beginning to its end, in seconds."""
    words = text.split()
    step_s = (ended_s - began_s) / max(1, len(words))
    return [
        (word, round(began_s + i * step_s, 3), round(began_s + (i + 1) * step_s, 3))
        for i, word in enumerate(words)
    ]
