"""The long-lived process: start, take calls, drain, end."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from types import FrameType

import uvicorn
from loguru import logger

from calls.bot import Bot
from calls.costs.prices import PricesError, price_table
from calls.recording.finishing import finish_left_over
from calls.warm_up import warm_up
from server import garbage, logs
from server.app import create_app
from server.bots import find_bots
from server.house import House
from server.lines import Lines
from server.media_messages import MESSAGE_AT_MOST
from services.choice import choose, provider_names
from services.provider import STAGE_NAMES
from settings import Settings, SettingsError, setting_names, unknown_names

# Connections without a call, such as a browser's keep-alive, are not waited for.
_IDLE_CONNECTIONS_AT_MOST_S = 2


def serve(settings: Settings, bots: Mapping[str, Bot] | None = None) -> None:
    """Serve until the process is told to end.

    Parameters:
        settings: Of the process.
        bots: Who answers, by name; those in `bots/` unless others are given.

    Raises:
        SettingsError: when a provider is unknown, without its key or not installed, or the table
            of prices is wrong.
    """
    logs.set_up(settings.log_level, logs.secrets_of(settings))
    for sentence in unknown_names(setting_names(provider_names())):
        logger.warning(sentence)
    choices = choose(settings)
    try:
        price_table(settings.prices_file)
    except PricesError as error:
        raise SettingsError(str(error)) from None
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    house = House(settings, choices, bots or find_bots(), Lines(settings.max_calls))
    for stage, rows in choices.items():
        stand_in = " (a stand-in)" if rows[0].provider.stand_in else ""
        logger.info(f"{STAGE_NAMES[stage]}: {rows[0].provider.title}{stand_in}: {rows[0].why}")
    DrainingServer(house).run()


class DrainingServer(uvicorn.Server):
    """On SIGTERM or Ctrl-C: take no more calls, let the running ones finish, end.

    A second signal ends at once.
    """

    def __init__(self, house: House) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(house),
                host=house.settings.host,
                port=house.settings.port,
                log_config=None,
                access_log=False,
                ws_max_size=4 * MESSAGE_AT_MOST,
                # Audio in base64 is packed once a message, fifty times a second, for little.
                ws_per_message_deflate=False,
                # Who asks is decided by the address of the socket, see server/operator/whence.py.
                proxy_headers=False,
                timeout_graceful_shutdown=_IDLE_CONNECTIONS_AT_MOST_S,
            )
        )
        self._house = house
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        house = self._house
        house.bots = await warm_up(house.bots, house.choices, house.settings)
        settings = house.settings
        await asyncio.to_thread(finish_left_over, settings.data_dir, settings.sealing_key)
        garbage.spare_what_stays()
        house.calls.when_idle = garbage.look
        sys.setswitchinterval(_SWITCHED_AFTER_S)
        await super().startup(sockets)
        if self.started:
            logger.info(
                f"Ready: http://{house.settings.host}:{house.settings.port} with "
                f"{len(house.bots)} bots and {house.lines.max_calls} lines"
            )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._loop is None or self._house.lines.closed:
            super().handle_exit(signal.SIGINT, frame)
            return
        self._house.lines.close()
        self._loop.call_soon_threadsafe(self._begin_to_drain)

    def _begin_to_drain(self) -> None:
        self._draining = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        logger.info("Taking no more calls")
        await self._house.calls.finish(at_most_s=self._house.settings.drain_s)
        self.should_exit = True


# Threads that compute in Python give the interpreter back to the calls' loop after so long.
_SWITCHED_AFTER_S = 0.001
