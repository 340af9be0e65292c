"""Errors as JSON with a sentence that says what to do."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from server.bots import UnknownBot
from server.lines import NoLine


def install(app: FastAPI) -> None:
    """Answer every refusal as `{"error": sentence}`."""

    @app.exception_handler(NoLine)
    async def no_line(_: Request, error: NoLine) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 503, headers={"Retry-After": "60"})

    @app.exception_handler(UnknownBot)
    async def unknown_bot(_: Request, error: UnknownBot) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 404)

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return JSONResponse({"error": f"The request is malformed: {where}: {first['msg']}."}, 422)
