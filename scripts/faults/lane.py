"""One server process with a telephone network, stand-ins and an order desk of its own."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from rehearsal.caller import speak
from rehearsal.ear import Ears
from rehearsal.faults import script
from rehearsal.faults.census import CENSUS_FILE
from rehearsal.faults.heard import Listener
from rehearsal.mulaw import Pcm
from rehearsal.order_desk import OrderDesk
from rehearsal.phone import TwilioPhone
from rehearsal.server_process import ServerProcess
from rehearsal.standins import Script, StandIns
from rehearsal.standins.seats import LISTEN
from rehearsal.twilio_rest import CallUpdate, TwilioRest
from scripts.faults.cells import System
from scripts.faults.systems import Bot, served, webhook

Census = Mapping[str, int]
"""What a process holds: "tasks", "threads", "files", "sockets"."""

_COUNTED_WITHIN_S = 5.0
_NOTHING = [""] * 20


class Lane:
    """A system at work: its server runs for as long as the context lasts.

    Args:
        system: Which one.
        folder: For the server's log, its data and the recordings.
        seed: Decides the stand-ins' latencies.
        env: More variables of the server.
    """

    def __init__(
        self, system: System, folder: Path, *, seed: int = 0, env: Mapping[str, str] | None = None
    ) -> None:
        self.system: System = system
        self.folder = folder
        self.seed = seed
        self._more_env = env or {}
        self.providers = StandIns(
            seed=seed,
            mind=script.mind,
            ears=Ears([line.say for line in script.LINES]),
        )
        self.desk = OrderDesk()
        self.speech: dict[str, Pcm] = {}
        self._census = folder / "census.json"
        self._exit = AsyncExitStack()
        self._phones: dict[str, TwilioPhone] = {}
        self._account_sid = "AC" + secrets.token_hex(16)
        self._auth_token = secrets.token_hex(16)

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
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
                "DATA_DIR": str(self.folder),
                # What is said from memory is said whatever the provider does.
                "PHRASE_CACHE_MB": "0",
                CENSUS_FILE: str(self._census),
                **self._more_env,
            }
            log = self.folder / "server.log"
            serving = served(self.system, self.providers, self.desk, env, log)
            self.server: ServerProcess = await enter(serving)
            self._webhooks = await enter(webhook(self.system, self.server))
            self.listener = await Listener.of(script.SENTENCES)
            self.speech = {line.say: await speak(line.say) for line in script.LINES}
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

    def all_is_well(self) -> None:
        """No faults, and nothing was asked for yet."""
        self.providers.house.reset(self.seed)
        self.desk.reset()

    def understand(self, words: str) -> None:
        """Whoever listens next understands these words: what is tested is not the recogniser.

        Of a line that falls into several utterances the first has all the words.
        """
        house = self.providers.house
        listening = [seat for seat, speaks in house.seats.items() if speaks in LISTEN]
        house.script = Script(
            transcripts={
                seat: [*[None] * house.begun(seat, "turn"), words, *_NOTHING] for seat in listening
            }
        )

    @asynccontextmanager
    async def dialled(self, bot: Bot) -> AsyncIterator[TwilioPhone]:
        """A telephone with an open line to the bot; rung off at the end, unless it was before.

        Raises:
            CallFailed: no call came about.
        """
        phone = TwilioPhone(auth_token=self._auth_token, account_sid=self._account_sid)
        self._rest.add_call(phone.call_sid)
        self._phones[phone.call_sid] = phone
        try:
            async with phone:
                await phone.dial(self._webhooks(bot))
                yield phone
        finally:
            self._rest.end_call(phone.call_sid)
            del self._phones[phone.call_sid]

    async def census(self) -> Census:
        """What the server process holds now.

        Raises:
            TimeoutError: it does not answer.
        """
        self._census.unlink(missing_ok=True)
        os.kill(self.server.pid, signal.SIGUSR1)
        async with asyncio.timeout(_COUNTED_WITHIN_S):
            while True:  # a file has no event to wait for
                with contextlib.suppress(FileNotFoundError):
                    return json.loads(self._census.read_text())
                await asyncio.sleep(0.02)

    async def _updated(self, update: CallUpdate) -> None:
        if phone := self._phones.get(update.call_sid):
            await phone.updated(update)
