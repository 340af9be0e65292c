"""The call page, and what it shows before a call."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from pipecat_ai_prebuilt.frontend import PipecatPrebuiltUI
from starlette.middleware.base import RequestResponseEndpoint

from server.house import House, house

PAGE = Path(__file__).parent / "page"

_OWN = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob: mediastream:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
# Daily's client loads the rest of itself from Daily, and talks to Daily.
_WITH_DAILY = (
    "; script-src 'self' https://*.daily.co; worker-src 'self' blob:; "
    "connect-src 'self' https://*.daily.co wss://*.daily.co https://*.pluot.blue "
    "wss://*.pluot.blue; frame-src https://*.daily.co"
)

routes = APIRouter()


def install(app: FastAPI, *, daily: bool) -> None:
    """Serve the page at `/`, its files at `/page`, and Pipecat's prebuilt client at `/client`."""
    app.mount("/page", StaticFiles(directory=PAGE))
    app.mount("/client", PipecatPrebuiltUI)
    app.include_router(routes)
    policy = _OWN + (_WITH_DAILY if daily else "")

    @app.middleware("http")
    async def guard(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        # Old modules beside new ones after an update would be worse than a question per file.
        if request.url.path.startswith("/page/"):
            response.headers["Cache-Control"] = "no-cache"
        # The prebuilt client is built with inline styles.
        if not request.url.path.startswith("/client"):
            response.headers.setdefault("Content-Security-Policy", policy)
        return response


@routes.get("/", include_in_schema=False)
async def index() -> FileResponse:
    return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})


@routes.get("/api/bots")
async def bots(house: Annotated[House, Depends(house)]) -> dict[str, Any]:
    """The bots with a sentence each, the providers in use, and how calls can be placed."""
    return {
        "bots": [
            {"name": bot.name, "title": bot.title, "sentence": bot.sentence}
            for bot in house.bots.values()
        ],
        "providers": {stage: rows[0].described() for stage, rows in house.choices.items()},
        "transports": {"webrtc": True, "daily": bool(house.settings.daily_key)},
        "lines": {"in_use": house.lines.in_use, "max": house.lines.max_calls},
    }
