"""What a client of a speaking WebSocket can want, whatever the protocol around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from rehearsal.standins.delivery import Piece
from rehearsal.voice import Speech


@dataclass(frozen=True)
class Text:
    """Text for a context. Less than a sentence waits for more, but not longer than `delay_ms`.

    `delay_ms` None: it waits for as long as it takes.
    """

    context_id: str
    text: str
    delay_ms: float | None = 0.0


@dataclass(frozen=True)
class Flush:
    """Speak what the context holds, now."""

    context_id: str


@dataclass(frozen=True)
class Finish:
    """No more text for the context: speak what it holds, then say that it is done."""

    context_id: str


@dataclass(frozen=True)
class Cancel:
    """Nothing more of this context."""

    context_id: str


@dataclass(frozen=True)
class Refuse:
    """Answer with this message, which belongs to no turn."""

    message: str


@dataclass(frozen=True)
class HangUp:
    """Close the connection; with code 1000 only after everything was spoken."""

    code: int = 1000
    reason: str = ""


Order = Text | Flush | Finish | Cancel | Refuse | HangUp


class SpeakingProtocol(Protocol):
    """One connection of a provider that speaks: reads the client's messages, writes its own.

    Attributes:
        cancels: A context can be cancelled; otherwise it is only ever finished.
        idle_timeout_s: Without a message for so long, `idle` is asked what to do.
    """

    cancels: bool
    idle_timeout_s: float

    def receive(self, text: str) -> list[Order]:
        """What a message asks for. What is wrong with it is answered by an order, not raised."""
        ...

    def idle(self) -> HangUp: ...

    def rate_hz(self, context_id: str) -> int: ...

    def is_sentence(self, buffered: str) -> bool:
        """Whether a buffered text is spoken without waiting for more."""
        ...

    def audio(self, context_id: str, speech: Speech, offset_s: float) -> Iterator[Piece]:
        """A spoken text; it begins `offset_s` after the start of its context."""
        ...

    def flushed(self, context_id: str) -> list[Piece]: ...

    def finished(self, context_id: str) -> list[Piece]:
        """The last messages of a context."""
        ...

    def forget(self, context_id: str) -> None:
        """The context is over, or was cancelled."""
        ...
