"""What all stand-ins of a process share: script, latencies, faults, and what was asked of them."""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.standins.faults import Fault, Hit, Level, hitting
from rehearsal.standins.latency import NONE, PROFILES, Latency, ProfileName, Step, ordered
from rehearsal.standins.script import Script
from rehearsal.standins.seats import PROVIDERS, Protocol, Provider

_MOST_REQUESTS = 5000


class NoSeat(KeyError):
    """Nobody of this name is standing in; the message says who is."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Request:
    """One connection or turn that was asked for.

    `number` counts per seat and level from 1; `asked` is the query, the body or the text; `faults`
    are the names of those that hit it.
    """

    seat: str
    level: Level
    number: int
    at_s: float
    asked: Any
    faults: tuple[str, ...] = ()


@dataclass
class House:
    """The state behind the control endpoint. One seed decides every draw since the last reset."""

    providers: Mapping[str, Provider] = field(default_factory=lambda: PROVIDERS)
    seed: int = 0
    profile: ProfileName = "fast"
    clock: Callable[[], float] = time.monotonic
    script: Script = field(default_factory=Script)

    def __post_init__(self) -> None:
        self.seats: dict[str, Protocol] = {
            seat: speaks for p in self.providers.values() for seat, speaks in p.seats.items()
        }
        self.requests: deque[Request] = deque(maxlen=_MOST_REQUESTS)
        self._faults: dict[str, tuple[Fault, ...]] = {}
        self._news = asyncio.Event()
        self._open: dict[str, set[Callable[[], None]]] = {}
        self.set_profile(self.profile)
        self.recount()

    def reset(self, seed: int | None = None) -> None:
        """No script, no faults, no requests, the counts at zero; latencies stay as they are set."""
        self.seed = self.seed if seed is None else seed
        self.script = Script()
        self._faults.clear()
        self.recount()

    def recount(self) -> None:
        """Forget the requests and count from 1 again; script and faults stay."""
        self.requests.clear()
        self._counts: Counter[tuple[str, Level]] = Counter()
        self._rngs: dict[str, random.Random] = {}
        self._start_s = self.clock()

    def begin(self, seat: str, level: Level, asked: Any, text: str = "") -> Hit:
        """Count and keep a request; returns the faults that hit it."""
        self._counts[seat, level] += 1
        number = self._counts[seat, level]
        hit = hitting(self._faults.get(seat, ()), level, number, text, self._rng(seat))
        names = tuple(fault.kind for fault in hit.faults)
        at_s = self.clock() - self._start_s
        self.requests.append(Request(seat, level, number, at_s, asked, names))
        self._news.set()
        return hit

    async def until(self, seat: str, level: Level, number: int) -> None:
        """Returns once there were so many."""
        while self.begun(seat, level) < number:
            self._news.clear()
            await self._news.wait()

    def begun(self, seat: str, level: Level) -> int:
        """How many there were."""
        return self._counts[seat, level]

    def wait_s(self, seat: str, step: Step) -> float:
        """How long the seat takes for the step this time."""
        latency = self._latencies[seat].get(step, NONE)
        return latency.draw_ms(self._rng(f"{seat}/{step}")) / 1000

    def set_profile(self, name: ProfileName) -> None:
        profile = PROFILES[name]
        self._latencies = {seat: dict(profile[speaks]) for seat, speaks in self.seats.items()}

    def set_latencies(self, seat: str, order: Mapping[Step, Latency]) -> None:
        """Raises NoSeat, LatencyError."""
        self._latencies[seat].update(ordered(self._speaks(seat), seat, order))

    def set_faults(self, seat: str, faults: Iterable[Fault]) -> None:
        """These faults instead of those before. Raises NoSeat, FaultError."""
        speaks, faults = self._speaks(seat), tuple(faults)
        for fault in faults:
            fault.check(seat, speaks)
        self._faults[seat] = faults

    def clear_faults(self, seat: str = "") -> None:
        """Of one seat, or of all. Raises NoSeat."""
        if seat:
            self._speaks(seat)
            self._faults.pop(seat, None)
        else:
            self._faults.clear()

    def opened(self, seat: str, abort: Callable[[], None]) -> Callable[[], None]:
        """A connection is open; call what is returned once it is closed."""
        connections = self._open.setdefault(seat, set())
        connections.add(abort)
        return lambda: connections.discard(abort)

    def drop(self, seat: str) -> int:
        """Break off every open connection without a word; how many there were. Raises NoSeat."""
        self._speaks(seat)
        connections = tuple(self._open.get(seat, ()))
        for abort in connections:
            abort()
        return len(connections)

    @property
    def faults(self) -> Mapping[str, Sequence[Fault]]:
        return self._faults

    @property
    def latencies(self) -> Mapping[str, Mapping[Step, Latency]]:
        return self._latencies

    def counts(self) -> dict[str, dict[Level, int]]:
        counted: dict[str, dict[Level, int]] = {}
        for (seat, level), number in self._counts.items():
            counted.setdefault(seat, {})[level] = number
        return counted

    def received(self, seat: str = "", level: str = "") -> list[Request]:
        return [r for r in self.requests if seat in ("", r.seat) and level in ("", r.level)]

    def _speaks(self, seat: str) -> Protocol:
        if seat not in self.seats:
            raise NoSeat(f'There is no "{seat}". There are: {", ".join(self.seats)}.')
        return self.seats[seat]

    def _rng(self, name: str) -> random.Random:
        # A stream of its own for everyone: what one seat draws does not move another's draws.
        return self._rngs.setdefault(name, random.Random(f"{self.seed}/{name}"))
