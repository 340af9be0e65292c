"""Putting the operators' pages and interfaces into an application."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from calls.records.queries import Records, RecordsUnavailable
from server.operator import calls, dashboard, exports, listening, pages, sign_in, sound
from server.operator.access_log import AccessLog
from server.operator.door import Door
from server.operator.following import Following
from settings import Settings


def install(app: FastAPI, settings: Settings, records: Records) -> None:
    """Serve `/calls`, `/dashboard` and what they read.

    Raises:
        SettingsError: when the server would show its calls to everybody.
    """
    app.state.door = Door(settings)
    app.state.records = records
    app.state.access_log = AccessLog(records)
    app.state.following = Following()
    for part in (sign_in, calls, sound, listening, dashboard, exports, pages):
        app.include_router(part.routes)

    @app.exception_handler(RecordsUnavailable)
    async def unavailable(_: Request, error: RecordsUnavailable) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 503)
