"""A house of stand-ins: every provider at an address of its own, and one to control them all."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from rehearsal.daily_rest import DailyRest
from rehearsal.ear import Ears
from rehearsal.standins.control import control_app
from rehearsal.standins.faults import Fault
from rehearsal.standins.house import House
from rehearsal.standins.latency import ProfileName
from rehearsal.standins.prompt import Mind, Prompt, Reply
from rehearsal.standins.providers import Skills, provider_app
from rehearsal.standins.rest import with_faults
from rehearsal.standins.script import Script
from rehearsal.standins.seats import CLOUD, PROVIDERS, TRANSPORTS, Provider
from rehearsal.standins.tool_reader import read_tools
from rehearsal.twilio_rest import TwilioRest

KEY = "stand-in-key"


class StandIns:
    """Servers on 127.0.0.1 for as long as the context lasts.

    async with StandIns(profile="fast", seed=1) as providers:
        ...  # start a server with providers.env(), or providers.env("groq", "twilio")
        providers.fault("openai", "http_503", last=2)
        assert providers.house.counts()["openai"]["turn"] == 3

    Args:
        profile: The latencies to begin with: "none", "fast" or "slow".
        seed: Decides every draw of latencies and faults.
        mind: What the language models answer where the script says nothing; by default the
            declared tools are read.
        ears: What the recognisers listen for.
        also: Further providers, each a copy of one there is: `{"backup": "deepgram"}`.
        ports: Where a provider listens; any other takes a free port. "control" is one of them.
    """

    def __init__(
        self,
        *,
        profile: ProfileName = "fast",
        seed: int = 0,
        script: Script | None = None,
        mind: Mind | None = None,
        ears: Ears | None = None,
        also: Mapping[str, str] | None = None,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self._providers: dict[str, Provider] = dict(PROVIDERS)
        for name, original in (also or {}).items():
            self._providers[name] = PROVIDERS[original].copy(name)
        seated = {**self._providers, **TRANSPORTS}
        self.house = House(seated, seed=seed, profile=profile, script=script or Script())
        self._skills = Skills(self.house, ears or Ears(), mind or _read_tools)
        self.twilio = TwilioRest(
            "AC" + secrets.token_hex(16),
            secrets.token_hex(16),
            middlewares=[with_faults(self.house, "twilio")],
        )
        self.daily = DailyRest(KEY, middlewares=[with_faults(self.house, "daily")])
        self._ports = dict(ports or {})
        self._urls: dict[str, str] = {}
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        apps = {
            "control": control_app(self.house, lambda: self._urls),
            **{name: provider_app(p, self._skills) for name, p in self._providers.items()},
        }
        try:
            for name, app in apps.items():
                served = _served(app, self._ports.get(name, 0))
                self._urls[name] = await self._exit.enter_async_context(served)
            await self._exit.enter_async_context(self.twilio)
            await self._exit.enter_async_context(self.daily)
        except BaseException:
            await self._exit.aclose()
            raise
        self._urls |= {"twilio": self.twilio.url, "daily": self.daily.api_url}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    @property
    def control_url(self) -> str:
        """Where the control endpoint is, as in `<control_url>/control/faults`."""
        return self._urls["control"]

    @property
    def urls(self) -> Mapping[str, str]:
        """Every address by name; "control" is one of them."""
        return self._urls

    def url(self, provider: str) -> str:
        """The provider's address as its `<PROVIDER>_BASE_URL` takes it, without a path."""
        return self._urls[provider]

    def env(self, *providers: str) -> dict[str, str]:
        """The variables that lead a server here: of the cloud providers, or of these.

        "twilio" and "daily" are names as well.
        """
        transports = {
            "twilio": {
                "TWILIO_ACCOUNT_SID": self.twilio.account_sid,
                "TWILIO_AUTH_TOKEN": self.twilio.auth_token,
                "TWILIO_BASE_URL": self.twilio.url,
            },
            "daily": {"DAILY_API_KEY": KEY, "DAILY_API_URL": self.daily.api_url},
        }
        variables: dict[str, str] = {}
        for name in providers or [provider.name for provider in CLOUD]:
            variables |= transports.get(name) or self._providers[name].env(self._urls[name], KEY)
        return variables

    def fault(self, seat: str, kind: str, **parameters: object) -> None:
        """One more fault; `parameters` as in Fault. Raises FaultError, pydantic.ValidationError."""
        fault = Fault.model_validate({"kind": kind, **parameters})
        self.house.set_faults(seat, (*self.house.faults.get(seat, ()), fault))

    def clear(self, seat: str = "") -> None:
        """No faults for the seat, or for all."""
        self.house.clear_faults(seat)

    async def prepare(self) -> None:
        """Load the recogniser now, so that the first utterance does not wait for it."""
        await asyncio.to_thread(self._skills.ears.prepare)


def _read_tools(prompt: Prompt) -> Reply:
    return read_tools(prompt, date.today())


@asynccontextmanager
async def _served(app: web.Application, port: int) -> AsyncIterator[str]:
    answering: set[asyncio.Task[Any]] = set()

    @web.middleware
    async def known(request: web.Request, handler: Handler) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        answering.add(task)
        task.add_done_callback(answering.discard)
        return await handler(request)

    app.middlewares.append(known)
    # Cancellation: whoever is kept waiting for nothing must not outlive the client.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        for site in tuple(runner.sites):
            await site.stop()
        # The runner cancels as well, but does not wait until they are done.
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)
        await runner.cleanup()
