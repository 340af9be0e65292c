"""The application: the routes of the house, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import WebSocketRoute

from calls.records.database import Database
from calls.records.queries import Records
from calls.said_in_advance import IN_ADVANCE
from server import health, page, refusals, start, twilio_voice, webrtc
from server.house import House
from server.machines import Machines
from server.operator.install import install as install_operator_pages
from server.stream_tokens import StreamTokens
from server.twilio_media import media


class MediaEndpoint:
    """Starlette takes a function for an endpoint of its own kind; an instance is ASGI."""

    __call__ = staticmethod(media)


def create_app(house: House, records: Records | None = None) -> FastAPI:
    """The ASGI application of one process.

    Parameters:
        house: What its routes share.
        records: What operators look at; those of the settings unless others are given.

    Raises:
        SettingsError: when the server would show its calls to everybody.
    """
    signalling = webrtc.Signalling()
    records = records or Records(Database.of(house.settings))
    machines = Machines(house, records)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with machines.running():
            yield
            await IN_ADVANCE.leave_off()
            await house.calls.finish(at_most_s=0)
            await signalling.handler.close()

    app = FastAPI(title="Switchboard", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.house = house
    app.state.signalling = signalling
    app.state.stream_tokens = StreamTokens()
    for routes in (health.routes, start.routes, webrtc.routes, twilio_voice.routes):
        app.include_router(routes)
    app.router.routes.append(WebSocketRoute("/twilio/media/{token}", MediaEndpoint()))
    install_operator_pages(app, house.settings, records)
    machines.install(app)
    refusals.install(app)
    page.install(app, daily=bool(house.settings.daily_key))
    return app
