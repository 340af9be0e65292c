"""How long a stand-in takes for each step: seeded draws with a given median and 99th percentile."""

import math
import random
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rehearsal.standins.seats import LISTEN_WS, REST, SPEAK_WS, Protocol

_Z99 = 2.3263  # standard deviations from the median to the 99th percentile

Step = Literal["connect", "interim", "final", "first", "next"]
"""`connect`: a WebSocket's handshake. `interim`, `final`: results, after the words or after the end
of speech was noticed or told. `first`, `next`: the first token or chunk and each after it."""


class LatencyError(ValueError):
    """Not a latency; the message says what would be one."""


class Latency(BaseModel):
    """A log-normal distribution, in milliseconds. Equal median and p99: always the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    median_ms: float = Field(ge=0, le=600_000)
    p99_ms: float = Field(ge=0, le=600_000)

    @model_validator(mode="before")
    @classmethod
    def _p99_is_median(cls, given: object) -> object:
        if isinstance(given, int | float) and not isinstance(given, bool):
            given = {"median_ms": given}
        if isinstance(given, dict) and "p99_ms" not in given:
            return {**given, "p99_ms": given.get("median_ms")}
        return given

    @model_validator(mode="after")
    def _p99_is_above(self) -> "Latency":
        if self.p99_ms < self.median_ms:
            raise ValueError(f"p99_ms={self.p99_ms:g} lies below median_ms={self.median_ms:g}")
        return self

    def draw_ms(self, rng: random.Random) -> float:
        if self.median_ms == 0:
            return 0.0
        sigma = math.log(self.p99_ms / self.median_ms) / _Z99
        return self.median_ms * math.exp(sigma * rng.gauss(0, 1))


def of(median_ms: float, p99_ms: float | None = None) -> Latency:
    return Latency(median_ms=median_ms, p99_ms=median_ms if p99_ms is None else p99_ms)


NONE = of(0)

Steps = Mapping[Step, Latency]


def steps_of(speaks: Protocol) -> tuple[Step, ...]:
    """The steps that take time in this protocol."""
    if speaks in LISTEN_WS:
        return ("connect", "interim", "final")
    if speaks in SPEAK_WS:
        return ("connect", "first", "next")
    if speaks in REST:
        return ("first",)
    return ("first", "next")


def _profile(
    *, connect: Latency, interim: Latency, final: Latency, token: Latency, then: Latency,
    audio: Latency, chunk: Latency, transcription: Latency, rest: Latency,
) -> Mapping[Protocol, Steps]:  # fmt: skip
    hearing: Steps = {"connect": connect, "interim": interim, "final": final}
    speaking: Steps = {"connect": connect, "first": audio, "next": chunk}
    thinking: Steps = {"first": token, "next": then}
    return {
        **dict.fromkeys(("deepgram-live", "deepgram-flux", "assemblyai"), hearing),
        **dict.fromkeys(("openai-chat", "anthropic"), thinking),
        **dict.fromkeys(("cartesia", "elevenlabs"), speaking),
        "openai-speech": {"first": audio, "next": chunk},
        "openai-transcription": {"first": transcription, "next": NONE},
        "twilio-rest": {"first": rest},
        "daily-rest": {"first": rest},
    }  # pyright: ignore[reportReturnType]


ProfileName = Literal["none", "fast", "slow"]

PROFILES: Mapping[ProfileName, Mapping[Protocol, Steps]] = {
    # Nothing but the work itself: for exact tests.
    "none": _profile(
        connect=NONE, interim=NONE, final=NONE, token=NONE, then=NONE, audio=NONE, chunk=NONE,
        transcription=NONE, rest=NONE,
    ),
    # A good day near the providers' data centres; 12.5 ms a token are 80 tokens a second.
    "fast": _profile(
        connect=of(40, 120), interim=of(60, 150), final=of(150, 300), token=of(250, 600),
        then=of(12.5), audio=of(90, 200), chunk=of(4, 20), transcription=of(250, 600),
        rest=of(80, 250),
    ),
    # A bad evening: higher medians, and one turn in a hundred that a caller will not forget.
    "slow": _profile(
        connect=of(150, 1500), interim=of(150, 900), final=of(400, 3000), token=of(700, 6000),
        then=of(33, 200), audio=of(300, 2500), chunk=of(12, 250), transcription=of(800, 5000),
        rest=of(300, 2000),
    ),
}  # fmt: skip


def _same_for_all_steps(given: object) -> object:
    """A number, or one distribution: it holds for all steps."""
    if isinstance(given, dict) and "median_ms" not in given:
        return given
    return dict.fromkeys(get_args(Step), given)


StepOrder = Annotated[dict[Step, Latency], BeforeValidator(_same_for_all_steps)]


def ordered(speaks: Protocol, seat: str, order: Mapping[Step, Latency]) -> dict[Step, Latency]:
    """The steps of an order that this protocol has.

    Raises:
        LatencyError: the order names single steps, and one that is not there.
    """
    known = steps_of(speaks)
    if set(order) == set(get_args(Step)):
        return {step: order[step] for step in known}
    if unknown := [step for step in order if step not in known]:
        raise LatencyError(f'{seat} has no step "{unknown[0]}". It has: {", ".join(known)}.')
    return dict(order)
