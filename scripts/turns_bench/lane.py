"""One system at work: its server, with stand-ins and a telephone network of its own."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from rehearsal.audible import Span
from rehearsal.phone import CallFailed, TwilioPhone
from rehearsal.server_process import ServerProcess
from rehearsal.standins import StandIns
from rehearsal.standins.latency import of
from rehearsal.turns.deepgram import deepgram
from rehearsal.turns.figures import CallFigures, figures_of
from rehearsal.turns.knowing_ear import Callers
from rehearsal.turns.mind import Mind, Tally
from rehearsal.turns.mouth import KnownMouth
from rehearsal.turns.script import Line
from rehearsal.turns.talk import Speech, Talk, Telephone, Turn
from rehearsal.turns.web_phone import WebPhone
from rehearsal.twilio_rest import CallUpdate, TwilioRest
from rehearsal.two_track_wav import write_two_track_wav
from scripts.turns_bench.latencies import Profile
from scripts.turns_bench.process_tree import Meter
from scripts.turns_bench.systems import System, served

_APART_S = 0.3
_SEATS = ("deepgram", "openai", "cartesia")


@dataclass
class Round:
    """So many calls at once on one system.

    Attributes:
        lines: What all callers together said.
        cpu_s, peak_mb: Of the server's process tree.
    """

    calls: list[CallFigures]
    tally: Tally
    lines: list[Line] = field(default_factory=list)
    cpu_s: float = 0.0
    peak_mb: float = 0.0


class Lane:
    """The server runs for as long as the context lasts; `server` is its process.

    Args:
        folder: For the server's log, its data and the recordings.
        profile: The stand-ins' latencies.
        seed: Decides their draws.
        cores: Where the server runs; none: anywhere.
        mind: The language model; by default that of the timed conversation.
    """

    def __init__(
        self,
        system: System,
        folder: Path,
        *,
        profile: Profile,
        seed: int,
        cores: Collection[int],
        max_calls: int,
        livekit_python: Path,
        mind: Mind | None = None,
    ) -> None:
        self.server: ServerProcess
        self.system: System = system
        self._folder = folder
        self._mind = mind or Mind()
        self._profile: Profile = profile
        self._providers = StandIns(
            profile="fast" if profile == "even" else profile, seed=seed, mind=self._mind
        )
        self._callers = Callers()
        self._cores = cores
        self._max_calls = max_calls
        self._livekit_python = livekit_python
        self._phones: dict[str, TwilioPhone] = {}
        self._account_sid = "AC" + secrets.token_hex(16)
        self._auth_token = secrets.token_hex(16)
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        enter = self._exit.enter_async_context
        try:
            await enter(self._providers)
            if self._profile == "even":
                _without_tails(self._providers)
            ears = await enter(deepgram(self._providers.house, self._callers))
            rest = TwilioRest(self._account_sid, self._auth_token, on_update=self._updated)
            self._rest = await enter(rest)
            env = {
                **self._providers.env(*_SEATS),
                "DEEPGRAM_BASE_URL": ears,
                "TWILIO_ACCOUNT_SID": self._account_sid,
                "TWILIO_AUTH_TOKEN": self._auth_token,
                "TWILIO_BASE_URL": self._rest.url,
                "DATA_DIR": str(self._folder),
            }
            self.server, self._webhook = await enter(self._served(env))
        except BaseException:
            await self._exit.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    async def hold(
        self, lines: Sequence[Line], speech: Sequence[Speech], name: str, *, web: bool = False
    ) -> Round:
        """One call for each caller's speech, begun shortly after one another.

        `web`: through WebRTC, which only Switchboard's server is asked for.
        """
        self._mind.recount()
        meter = Meter(self.server.pid)
        watching = asyncio.create_task(meter.watch())
        try:
            held = await asyncio.gather(
                *(
                    self._hold(lines, spoken, number * _APART_S, f"{name}-{number}.wav", web)
                    for number, spoken in enumerate(speech)
                )
            )
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        said = [line for figures in held for line in lines[: figures.turns]]
        return Round(list(held), self._mind.recount(), said, meter.cpu_s, meter.peak_mb)

    async def hold_each(
        self, lines: Sequence[Sequence[Line]], speech: Sequence[Speech], name: str
    ) -> list[CallFigures]:
        """The same for callers each of whom has lines of their own."""
        calls = enumerate(zip(lines, speech, strict=True))
        return await asyncio.gather(
            *(
                self._hold(own, spoken, number * _APART_S, f"{name}-{number}.wav", False)
                for number, (own, spoken) in calls
            )
        )

    async def _hold(
        self, lines: Sequence[Line], speech: Speech, after_s: float, recording: str, web: bool
    ) -> CallFigures:
        await asyncio.sleep(after_s)
        problem = ""
        try:
            async with self._called_up() if web else self._dialled() as phone:
                talk = Talk(phone, speech)
                try:
                    await talk.run(lines)
                except ConnectionError as error:
                    problem = str(error)
        except CallFailed as error:
            return CallFigures(problem=str(error))
        caller, bot = phone.tracks()
        write_two_track_wav(self._folder / recording, caller=caller, bot=bot)
        figures = self._measured(talk.turns, phone.playout.spans())
        figures.problem = problem
        figures.duration_s = phone.playout.played_s
        if talk.greeted_s is not None:
            figures.greeting_ms = talk.greeted_s * 1000
        return figures

    def _served(
        self, env: Mapping[str, str]
    ) -> AbstractAsyncContextManager[tuple[ServerProcess, str]]:
        return served(
            self.system,
            env,
            self._folder / "server.log",
            cores=self._cores,
            livekit_python=self._livekit_python,
            max_calls=self._max_calls,
        )

    def _measured(self, turns: Sequence[Turn], spans: Sequence[Span]) -> CallFigures:
        return figures_of(turns, spans)

    def _mouth_of(self, phone: TwilioPhone) -> KnownMouth:
        return KnownMouth()

    @asynccontextmanager
    async def _called_up(self) -> AsyncIterator[Telephone]:
        phone = WebPhone()
        self._callers.add(phone.mouth)
        try:
            async with phone:
                await phone.dial(f"{self.server.url}/api/offer", {"bot": "turns"})
                yield phone
        finally:
            self._callers.remove(phone.mouth)

    @asynccontextmanager
    async def _dialled(self) -> AsyncIterator[Telephone]:
        phone = TwilioPhone(auth_token=self._auth_token, account_sid=self._account_sid)
        phone.mouth = mouth = self._mouth_of(phone)
        self._rest.add_call(phone.call_sid)
        self._phones[phone.call_sid] = phone
        self._callers.add(mouth)
        try:
            async with phone:
                await phone.dial(self._webhook)
                yield phone  # pyright: ignore[reportReturnType]
        finally:
            self._callers.remove(mouth)
            self._rest.end_call(phone.call_sid)
            del self._phones[phone.call_sid]

    async def _updated(self, update: CallUpdate) -> None:
        if phone := self._phones.get(update.call_sid):
            await phone.updated(update)


def _without_tails(providers: StandIns) -> None:
    house = providers.house
    for seat in _SEATS:
        medians = {step: of(latency.median_ms) for step, latency in house.latencies[seat].items()}
        house.set_latencies(seat, medians)  # pyright: ignore[reportArgumentType]
