"""The control endpoint: what tests and benches tell the stand-ins, over HTTP and in JSON.

A seat is one provider in one role, as named by `GET /control`: `deepgram`, `openai`, `groq`, ….

| request | body | what it does |
|---|---|---|
| `GET /control` | | all there is to see, and the kinds of faults |
| `POST /control/reset` | `{"seed": 7}` or none | no faults, no script, all counts from 1 |
| `GET /control/faults` | | the faults of every seat |
| `PUT /control/faults/<seat>` | a fault or a list | these faults instead of those before |
| `DELETE /control/faults[/<seat>]` | | no faults |
| `GET /control/requests[?seat=…&level=…]` | | counts, and the last 5000 connections and turns |
| `DELETE /control/requests` | | forget them and count from 1 again |
| `PUT /control/latencies` | `{"profile": "none" or "fast" or "slow"}` | all latencies |
| `PUT /control/latencies/<seat>` | `{"first": {"median_ms": 400, "p99_ms": 900}}` | some steps |
| `PUT /control/script` | `{"replies": […], "transcripts": […]}` | as in Script and Rule |
| `DELETE /control/connections/<seat>` | | open WebSockets break off without a word |

A fault is `{"kind": "close", "first": 1, "last": 1, "probability": 1, "match": "", "after": 3,
"seconds": 5}`, of which only `kind` must be there. What is wrong is answered with 404 or 422 and
`{"error": "<a sentence>"}`.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from rehearsal.standins.faults import KINDS, Fault, FaultError
from rehearsal.standins.house import House, NoSeat
from rehearsal.standins.latency import LatencyError, ProfileName, StepOrder, steps_of
from rehearsal.standins.script import Script
from rehearsal.standins.seats import LISTEN

T = TypeVar("T")


class Refused(ValueError):
    """This cannot be done; the message says why."""


class _Reset(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seed: int | None = None


class _Profile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    profile: ProfileName


_FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])
_STEPS: TypeAdapter[Any] = TypeAdapter(StepOrder)
_LEVELS: TypeAdapter[Any] = TypeAdapter(Literal["", "connection", "turn"])


def control_app(house: House, urls: Callable[[], Mapping[str, str]]) -> web.Application:
    """The endpoint for a house whose providers are at `urls()`."""
    app = web.Application(middlewares=[_with_sentences])
    control = _Control(house, urls)
    app.router.add_get("/control", control.show)
    app.router.add_post("/control/reset", control.reset)
    app.router.add_get("/control/faults", control.faults)
    app.router.add_put("/control/faults/{seat}", control.set_faults)
    app.router.add_delete("/control/faults", control.clear_faults)
    app.router.add_delete("/control/faults/{seat}", control.clear_faults)
    app.router.add_get("/control/requests", control.requests)
    app.router.add_delete("/control/requests", control.forget_requests)
    app.router.add_put("/control/latencies", control.set_profile)
    app.router.add_put("/control/latencies/{seat}", control.set_latencies)
    app.router.add_put("/control/script", control.set_script)
    app.router.add_delete("/control/connections/{seat}", control.drop)
    return app


class _Control:
    def __init__(self, house: House, urls: Callable[[], Mapping[str, str]]) -> None:
        self._house = house
        self._urls = urls

    async def show(self, request: web.Request) -> web.Response:
        house = self._house
        return web.json_response(
            {
                "seats": {
                    seat: {"speaks": speaks, "steps": steps_of(speaks)}
                    for seat, speaks in house.seats.items()
                },
                "urls": dict(self._urls()),
                "seed": house.seed,
                "counts": house.counts(),
                "faults": self._faults(),
                "latencies": {
                    seat: {step: latency.model_dump() for step, latency in steps.items()}
                    for seat, steps in house.latencies.items()
                },
                "script": house.script.model_dump(mode="json"),
                "kinds": {
                    kind.name: {"what": kind.what, "level": kind.level, "uses": kind.uses}
                    for kind in KINDS.values()
                },
            }
        )

    async def reset(self, request: web.Request) -> web.Response:
        given = await _json(request) if request.can_read_body else {}
        self._house.reset(_Reset.model_validate(given).seed)
        return _done()

    async def faults(self, request: web.Request) -> web.Response:
        return web.json_response(self._faults())

    async def set_faults(self, request: web.Request) -> web.Response:
        given = await _json(request)
        one = not isinstance(given, list)
        faults = [Fault.model_validate(given)] if one else _FAULTS.validate_python(given)
        self._house.set_faults(_seat(request), faults)
        return _done()

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._house.clear_faults(_seat(request))
        return _done()

    async def requests(self, request: web.Request) -> web.Response:
        level = _LEVELS.validate_python(request.query.get("level", ""))
        received = self._house.received(request.query.get("seat", ""), level)
        return web.json_response(
            {"counts": self._house.counts(), "requests": [asdict(one) for one in received]}
        )

    async def forget_requests(self, request: web.Request) -> web.Response:
        self._house.recount()
        return _done()

    async def set_profile(self, request: web.Request) -> web.Response:
        self._house.set_profile(_Profile.model_validate(await _json(request)).profile)
        return _done()

    async def set_latencies(self, request: web.Request) -> web.Response:
        order = _STEPS.validate_python(await _json(request))
        self._house.set_latencies(_seat(request), order)
        return _done()

    async def set_script(self, request: web.Request) -> web.Response:
        script = Script.model_validate(await _json(request))
        listening = {seat for seat, speaks in self._house.seats.items() if speaks in LISTEN}
        if unknown := sorted(set(script.transcripts) - listening - {"*"}):
            raise Refused(
                f"{', '.join(unknown)}: transcripts are for {', '.join(sorted(listening))}, or *."
            )
        self._house.script = script
        return _done()

    async def drop(self, request: web.Request) -> web.Response:
        return web.json_response({"dropped": self._house.drop(_seat(request))})

    def _faults(self) -> dict[str, Any]:
        return {
            seat: [fault.model_dump() for fault in faults]
            for seat, faults in self._house.faults.items()
        }


@web.middleware
async def _with_sentences(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except NoSeat as error:
        return web.json_response({"error": str(error)}, status=404)
    except ValidationError as error:
        return web.json_response({"error": _sentences(error)}, status=422)
    except (FaultError, LatencyError, Refused) as error:
        return web.json_response({"error": str(error)}, status=422)


async def _json(request: web.Request) -> Any:
    try:
        return json.loads(await request.text())
    except ValueError:
        raise Refused("The body is not JSON.") from None


def _seat(request: web.Request) -> str:
    return request.match_info.get("seat", "")


def _done() -> web.Response:
    return web.json_response({"ok": True})


def _sentences(error: ValidationError) -> str:
    return " ".join(_sentence(item) for item in error.errors())


def _sentence(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    what = item["msg"].removeprefix("Value error, ").replace("Input should be", "it should be")
    what = what.replace("Extra inputs are not permitted", "there is nothing of this name")
    return f"{where}: {what}." if where else f"{what[0].upper()}{what[1:]}."
