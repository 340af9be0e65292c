"""A stand-in for the part of Daily's REST API that makes rooms and meeting tokens.

async with DailyRest(api_key) as daily:
    ...  # DAILY_API_URL=daily.api_url
    assert daily.received[0].path == "/rooms"
"""

import json
import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import jwt
from aiohttp import web
from aiohttp.typedefs import Middleware

from rehearsal.loopback_server import serve_on_loopback

_CLAIMS = {"room_name": "r", "is_owner": "o", "user_name": "u", "user_id": "ud"}


@dataclass(frozen=True)
class DailyRequest:
    """One request that passed the key check: `path` without the API's prefix."""

    method: str
    path: str
    body: dict[str, Any]


class DailyRest:
    """`POST /rooms`, `GET` and `DELETE /rooms/{name}`, `POST /meeting-tokens` under `api_url`."""

    def __init__(
        self,
        api_key: str,
        *,
        domain: str = "rehearsal",
        now: Callable[[], float] = time.time,
        middlewares: Sequence[Middleware] = (),
    ) -> None:
        self.api_url = ""
        self.received: list[DailyRequest] = []
        self.rooms: dict[str, dict[str, Any]] = {}
        self._api_key = api_key
        self._domain = domain
        self._now = now
        self._middlewares = middlewares
        self._token_secret = secrets.token_hex(32)
        self._refusal: tuple[int, str, str] | None = None
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[*self._middlewares, self._with_checks])
        app.router.add_post("/v1/rooms", self._create_room)
        app.router.add_get("/v1/rooms/{name}", self._get_room)
        app.router.add_delete("/v1/rooms/{name}", self._delete_room)
        app.router.add_post("/v1/meeting-tokens", self._create_token)
        self.api_url = await self._exit.enter_async_context(serve_on_loopback(app)) + "/v1"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    def refuse(
        self, http_status: int = 500, error: str = "server-error", info: str = "an error occurred"
    ) -> None:
        """Answer every further request with this error."""
        self._refusal = (http_status, error, info)

    def accept(self) -> None:
        self._refusal = None

    def claims_of(self, token: str) -> dict[str, Any]:
        """What a meeting token of this stand-in says. Raises jwt.InvalidTokenError."""
        return jwt.decode(token, self._token_secret, algorithms=["HS256"])

    @web.middleware
    async def _with_checks(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self._refusal is not None:
            return _error(*self._refusal)
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return _error(400, "authorization-header-error", "no bearer authorization header")
        if key != self._api_key:
            return _error(401, "authentication-error", "the api key is not known")
        try:
            body = await _body(request)
        except ValueError:
            return _error(400, "json-parsing-error", "the body is not a JSON object")
        path = request.path.removeprefix("/v1")
        self.received.append(DailyRequest(request.method, path, body))
        return await handler(request)

    async def _create_room(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        name = str(asked.get("name") or secrets.token_urlsafe(15))
        properties = asked.get("properties") or {}
        if name in self.rooms:
            return _invalid(f"a room named {name} already exists")
        if asked.get("privacy", "public") not in ("public", "private"):
            return _invalid("privacy must be public or private")
        if properties.get("exp") is not None and properties["exp"] <= self._now():
            return _invalid(f"exp was {properties['exp']}, which is in the past")
        created = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        self.rooms[name] = {
            "id": str(uuid.uuid4()),
            "name": name,
            "api_created": True,
            "privacy": asked.get("privacy", "public"),
            "url": f"https://{self._domain}.daily.co/{name}",
            "created_at": created.replace("+00:00", "Z"),
            "config": properties,
        }
        return web.json_response(self.rooms[name])

    async def _get_room(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.rooms:
            return _error(404, "not-found", f"room {name} not found")
        return web.json_response(self.rooms[name])

    async def _delete_room(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if self.rooms.pop(name, None) is None:
            return _error(404, "not-found", f"room {name} not found")
        return web.json_response({"deleted": True, "name": name})

    async def _create_token(self, request: web.Request) -> web.Response:
        properties = (await _body(request)).get("properties") or {}
        room = properties.get("room_name")
        if room is not None and room not in self.rooms:
            return _invalid(f"room {room} does not exist")
        claims: dict[str, Any] = {"d": self._domain, "iat": int(self._now())}
        for name, value in properties.items():
            claims[_CLAIMS.get(str(name), str(name))] = value
        return web.json_response({"token": jwt.encode(claims, self._token_secret, "HS256")})


async def _body(request: web.Request) -> dict[str, Any]:
    text = await request.text()  # aiohttp keeps it: a second read costs nothing
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body


def _invalid(info: str) -> web.Response:
    return _error(400, "invalid-request-error", info)


def _error(http_status: int, error: str, info: str) -> web.Response:
    return web.json_response({"error": error, "info": info}, status=http_status)
