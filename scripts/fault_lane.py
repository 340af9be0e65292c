"""One server process with stand-ins and an order desk of its own: places a call for every cell."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from loguru import logger

from rehearsal import fault_script
from rehearsal.caller import speak
from rehearsal.ear import Ears
from rehearsal.fault_call import Conversation, Patience
from rehearsal.fault_census import CENSUS_FILE
from rehearsal.fault_heard import Listener
from rehearsal.mulaw import Pcm
from rehearsal.order_desk import OrderDesk
from rehearsal.phone import CallFailed, TwilioPhone
from rehearsal.server_process import ServerProcess
from rehearsal.standins import Script, StandIns
from rehearsal.standins.seats import LISTEN
from rehearsal.twilio_rest import CallUpdate, TwilioRest
from rehearsal.two_track_wav import write_two_track_wav
from scripts.fault_cells import Cell, System
from scripts.fault_outage import Outage
from scripts.fault_systems import served
from scripts.fault_verdict import Verdict, judge, possible_answers

_SETTLED_AT_MOST_S = 3.0
_COUNTED_WITHIN_S = 5.0
_NOTHING: Pcm = np.zeros(0, np.int16)


class Lane:
    """A system at work: its server runs for as long as the context lasts.

    Args:
        system: Which one.
        folder: For the server's log, its data and the recordings.
        seed: Decides the stand-ins' latencies.
        patience: Of the callers.
        count_leaks: Whether to look after each call for what it left.
    """

    def __init__(
        self,
        system: System,
        folder: Path,
        *,
        seed: int = 0,
        patience: Patience | None = None,
        count_leaks: bool = True,
    ) -> None:
        self.system: System = system
        self.providers = StandIns(
            seed=seed,
            mind=fault_script.mind,
            ears=Ears([line.say for line in fault_script.LINES]),
        )
        self.desk = OrderDesk()
        self._folder = folder
        self._seed = seed
        self._patience = patience or Patience()
        self._count_leaks = count_leaks
        self._census = folder / "census.json"
        self._exit = AsyncExitStack()
        self._phones: dict[str, TwilioPhone] = {}
        self._account_sid = "AC" + secrets.token_hex(16)
        self._auth_token = secrets.token_hex(16)
        self._calls = 0

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        enter = self._exit.enter_async_context
        try:
            await enter(self.providers)
            await enter(self.desk)
            rest = TwilioRest(self._account_sid, self._auth_token, on_update=self._updated)
            self._rest = await enter(rest)
            env = {
                "TWILIO_ACCOUNT_SID": self._account_sid,
                "TWILIO_AUTH_TOKEN": self._auth_token,
                "TWILIO_BASE_URL": self._rest.url,
                "DATA_DIR": str(self._folder),
                CENSUS_FILE: str(self._census),
            }
            log = self._folder / "server.log"
            server, self._webhook = await enter(
                served(self.system, self.providers, self.desk, env, log)
            )
            self.server: ServerProcess = server
            self._listener = await Listener.of(fault_script.SENTENCES)
            self._speech = {line.say: await speak(line.say) for line in fault_script.LINES}
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

    async def call(self, cell: Cell) -> Verdict:
        """Place one call, with everything well again before and after it."""
        self.providers.house.reset(self._seed)
        self.desk.reset()
        before = await self._counted() if self._count_leaks else {}
        outage = Outage(cell, self.providers, self.desk)
        await outage.before_call()

        async def before_line(place: int) -> None:
            self._understand(cell.lines[place].say)
            await outage.before_line(place)

        phone = TwilioPhone(auth_token=self._auth_token, account_sid=self._account_sid)
        conversation = Conversation(
            phone,
            self._listener,
            self._speech,
            before_line=before_line,
            while_answered=outage.while_answered,
            phrases=possible_answers,
            interrupts=cell.interrupts,
            patience=self._patience,
        )
        problem = await self._hold(phone, conversation, cell)
        asked = cell.lines[cell.faulty_line].order
        tool_runs = self.desk.runs[asked] if asked else sum(self.desk.runs.values())
        self.providers.clear()
        self.desk.fault = None
        caller, bot = phone.tracks() if not problem else (_NOTHING, _NOTHING)
        self._keep(cell, caller, bot)
        return judge(
            cell,
            conversation,
            self._listener,
            track=bot,
            spans=phone.playout.spans() if not problem else [],
            ended_by=phone.ended_by,
            tool_runs=tool_runs,
            leaked=await self._leaked_since(before) if self._count_leaks else None,
            problem=problem,
        )

    async def counted(self) -> dict[str, int]:
        """What the server process holds: tasks, threads, files, sockets."""
        return await self._counted()

    def _understand(self, words: str) -> None:
        """Whoever listens next understands these words: what is tested is not the recogniser."""
        house = self.providers.house
        listening = [seat for seat, speaks in house.seats.items() if speaks in LISTEN]
        house.script = Script(
            transcripts={seat: [None] * house.begun(seat, "turn") + [words] for seat in listening}
        )

    async def _hold(self, phone: TwilioPhone, conversation: Conversation, cell: Cell) -> str:
        self._rest.add_call(phone.call_sid)
        self._phones[phone.call_sid] = phone
        try:
            async with phone:
                await phone.dial(self._webhook)
                await conversation.run(cell.lines)
        except CallFailed as error:
            logger.warning(f"{cell}: {error}")
            return str(error)
        finally:
            self._rest.end_call(phone.call_sid)
            del self._phones[phone.call_sid]
        return ""

    async def _updated(self, update: CallUpdate) -> None:
        if phone := self._phones.get(update.call_sid):
            await phone.updated(update)

    def _keep(self, cell: Cell, caller: Pcm, bot: Pcm) -> None:
        self._calls += 1
        name = f"{self._calls:03}-{cell.stage}-{cell.fault}-{cell.moment}.wav"
        write_two_track_wav(self._folder / name, caller=caller, bot=bot)

    async def _leaked_since(self, before: dict[str, int]) -> int:
        deadline_s = asyncio.get_running_loop().time() + _SETTLED_AT_MOST_S
        while True:
            now = await self._counted()
            leaked = sum(max(0, now[what] - before[what]) for what in ("tasks", "sockets"))
            if not leaked or asyncio.get_running_loop().time() > deadline_s:
                return leaked
            await asyncio.sleep(0.2)

    async def _counted(self) -> dict[str, int]:
        self._census.unlink(missing_ok=True)
        os.kill(self.server.pid, signal.SIGUSR1)
        async with asyncio.timeout(_COUNTED_WITHIN_S):
            while True:  # a file has no event to wait for
                with contextlib.suppress(FileNotFoundError):
                    return json.loads(self._census.read_text())
                await asyncio.sleep(0.02)
