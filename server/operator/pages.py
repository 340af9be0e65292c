"""The pages `/calls`, `/calls/{id}`, `/dashboard` and `/sign-in`."""

from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response

from server.operator.door import NoEntry, NotSignedIn, door_of

PAGES = Path(__file__).parents[1] / "page" / "operator"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

routes = APIRouter(include_in_schema=False)


@routes.get("/calls")
async def calls(request: Request) -> Response:
    return _page(request, "calls.html")


@routes.get("/calls/{call_id}")
async def call(request: Request, call_id: str) -> Response:
    return _page(request, "call.html")


@routes.get("/dashboard")
async def dashboard(request: Request) -> Response:
    return _page(request, "dashboard.html")


@routes.get("/sign-in")
async def sign_in() -> Response:
    return FileResponse(PAGES / "sign-in.html", headers=_HEADERS)


def _page(request: Request, name: str) -> Response:
    try:
        door_of(request).visitor(request)
    except NotSignedIn:
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?to={quote(to, safe='')}", 303, headers=_HEADERS)
    except NoEntry as error:
        return JSONResponse({"error": str(error)}, 403, headers=_HEADERS)
    return FileResponse(PAGES / name, headers=_HEADERS)
