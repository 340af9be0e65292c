"""A stand-in for the part of Twilio's REST API that changes a live call.

async with TwilioRest(account_sid, auth_token) as twilio:
    twilio.add_call(call_sid)
    ...  # TWILIO_BASE_URL=twilio.url
    assert twilio.received[0].status == "completed"
"""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.utils import formatdate
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from rehearsal.loopback_server import serve_on_loopback


@dataclass(frozen=True)
class CallUpdate:
    """One accepted change of a call. At most one of `status`, `twiml`, `url` is not empty."""

    call_sid: str
    status: str = ""
    twiml: str = ""
    url: str = ""
    method: str = "POST"


class TwilioRest:
    """`POST /2010-04-01/Accounts/{sid}/Calls/{call}.json`, with Twilio's answers and errors.

    `on_update` is started after the answer has been sent, as the network acts on a call after the
    API has agreed to. `refuse(...)` makes the next requests fail.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        on_update: Callable[[CallUpdate], Awaitable[None]] | None = None,
        middlewares: Sequence[Middleware] = (),
    ) -> None:
        self.account_sid = account_sid
        self.url = ""
        self.received: list[CallUpdate] = []
        self.auth_token = auth_token
        self.on_update = on_update
        self._middlewares = middlewares
        self._status_of_call: dict[str, str] = {}
        self._refusal: tuple[int, int, str] | None = None
        self._acting: set[asyncio.Task[None]] = set()
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=self._middlewares)
        app.router.add_post("/2010-04-01/Accounts/{account}/Calls/{call}.json", self._update)
        app.router.add_get("/2010-04-01/Accounts/{account}/Calls/{call}.json", self._fetch)
        self.url = await self._exit.enter_async_context(serve_on_loopback(app))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.aclose()
        for task in self._acting:
            task.cancel()
        await asyncio.gather(*self._acting, return_exceptions=True)

    def add_call(self, call_sid: str) -> None:
        """A call is in progress; any other is unknown to the API."""
        self._status_of_call[call_sid] = "in-progress"

    def end_call(self, call_sid: str) -> None:
        """The caller hung up: changing the call now answers 20404, as at Twilio."""
        self._status_of_call[call_sid] = "completed"

    def refuse(
        self, http_status: int = 500, code: int = 20500, message: str = "Internal Server Error"
    ) -> None:
        """Answer every further request with this error."""
        self._refusal = (http_status, code, message)

    def accept(self) -> None:
        self._refusal = None

    async def _update(self, request: web.Request) -> web.Response:
        if error := self._error_for(request):
            return error
        form = {name: str(value) for name, value in (await request.post()).items()}
        call_sid = request.match_info["call"]
        update = CallUpdate(
            call_sid,
            status=form.get("Status", ""),
            twiml=form.get("Twiml", ""),
            url=form.get("Url", ""),
            method=form.get("Method", "POST"),
        )
        if update.status not in ("", "completed", "canceled"):
            return _error(400, 21218, f"Invalid call Status: {update.status}")
        if not (update.status or update.twiml or update.url):
            return _error(400, 21205, "Url parameter is required.")
        self.received.append(update)
        if update.status == "completed":
            self._status_of_call[call_sid] = "completed"
        if self.on_update is not None and update.status != "canceled":
            task = asyncio.create_task(self._act(update))
            self._acting.add(task)
            task.add_done_callback(self._acting.discard)
        return web.json_response(self._resource(call_sid))

    async def _fetch(self, request: web.Request) -> web.Response:
        known = request.match_info["call"] in self._status_of_call
        if (error := self._error_for(request)) and not (known and error.status == 404):
            return error
        return web.json_response(self._resource(request.match_info["call"]))

    async def _act(self, update: CallUpdate) -> None:
        assert self.on_update is not None
        await self.on_update(update)

    def _error_for(self, request: web.Request) -> web.Response | None:
        if self._refusal is not None:
            return _error(*self._refusal)
        if _basic_auth(request) != (self.account_sid, self.auth_token):
            return _error(401, 20003, "Authenticate")
        in_progress = self._status_of_call.get(request.match_info["call"]) == "in-progress"
        if request.match_info["account"] != self.account_sid or not in_progress:
            return _error(404, 20404, f"The requested resource {request.path} was not found")
        return None

    def _resource(self, call_sid: str) -> dict[str, object]:
        return {
            "sid": call_sid,
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "date_updated": formatdate(usegmt=True),
            "direction": "inbound",
            "status": self._status_of_call[call_sid],
            "uri": f"/2010-04-01/Accounts/{self.account_sid}/Calls/{call_sid}.json",
        }


def _basic_auth(request: web.Request) -> tuple[str, str] | None:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(credentials).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password


def _error(http_status: int, code: int, message: str) -> web.Response:
    return web.json_response(
        {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": http_status,
        },
        status=http_status,
    )
