"""What is read of the records: a row a call, a page of rows, and what rows are chosen by."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, get_args

Outcome = Literal["resolved", "handed_over", "abandoned", "voicemail", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

Having = Literal[
    "failed_tools", "unhandled", "interruptions", "fillers", "bounds_reached", "switches"
]
HAVING: tuple[Having, ...] = get_args(Having)


@dataclass(frozen=True)
class Cursor:
    """A place in the list of calls, which is the newest first.

    `str()` of it goes into an address, and `Cursor.parse` reads that.
    """

    number: int

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises ValueError where the text is no place in the list."""
        number = int(text)
        if abs(number) >= 2**63:
            raise ValueError("no call has such a number")
        return cls(number)


@dataclass(frozen=True)
class CallFilter:
    """Which calls are meant. What is None is not asked for.

    Parameters:
        bot: The bot's name.
        channel: "phone", "web", "daily" or "eval".
        outcome: As in `Outcome`.
        provider: A provider that was used in any stage.
        since: Calls that began then or later.
        until: Calls that began before then.
        text: Words that were all said in the call; the last may be unfinished, and words in
            double quotes are said in this order.
        live: True for calls that are running, False for those that are over.
        ids: These calls and no others.
        ended_by: As in `CallRow`.
        having: Calls that have at least one of these.
    """

    bot: str | None = None
    channel: str | None = None
    outcome: str | None = None
    provider: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    live: bool | None = None
    ids: tuple[str, ...] | None = None
    ended_by: str | None = None
    having: Having | None = None


@dataclass(frozen=True)
class CallRow:
    """One call in short, kept up to date while it runs.

    Attributes:
        caller: The number, masked unless numbers may be shown; "" where there is none.
        ended_by: "caller", "bot", "operator" or "error"; "" while the call runs.
        outcome: "" while the call runs.
        outcome_by: "tool" or "rules".
        outcome_why: In a few words.
        failed_tools: Runs of tools that ended in an error.
        v2v_p50_ms: Voice to voice: the end of the caller's words to the first sound after it.
        dead_air_max_ms: The longest silence while the caller was owed sound.
        bounds_reached: Silences that reached the bound; `silences` is how many there were at all.
        switches: How often another provider was asked instead.
        unpriced: "provider model" of what was used and has no price.
        providers: By stage the names in the order in which they were used.
        csat: What the caller answered when asked how it was.
        events_missing: Events that could not be kept.
    """

    id: str
    bot: str
    bot_version: str
    channel: str
    direction: str
    caller: str
    started_utc: datetime
    answered_utc: datetime | None
    ended_utc: datetime | None
    duration_s: float | None
    end_reason: str
    ended_by: str
    outcome: str
    outcome_by: str
    live: bool
    turns: int
    interruptions: int
    failed_tools: int
    unhandled: int
    fillers: int
    v2v_p50_ms: float | None
    v2v_max_ms: float | None
    dead_air_max_ms: float | None
    cost_amount: Decimal | None
    cost_currency: str
    unpriced: tuple[str, ...]
    providers: dict[str, list[str]]
    csat: int | None
    recording: bool
    outcome_why: str = ""
    silences: int = 0
    bounds_reached: int = 0
    switches: int = 0
    events_missing: int = 0


@dataclass(frozen=True)
class CallPage:
    """Some calls, the newest first, and where the next page begins; None after the last."""

    rows: list[CallRow] = field(default_factory=list)
    next: Cursor | None = None
