"""Alive; willing to take a call."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from server.house import House, house

routes = APIRouter()


@routes.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@routes.get("/readyz")
async def readyz(house: Annotated[House, Depends(house)]) -> JSONResponse:
    lines = {"in_use": house.lines.in_use, "max": house.lines.max_calls}
    if refusal := house.lines.refusal():
        return JSONResponse({"status": "refusing", "error": refusal, "lines": lines}, 503)
    return JSONResponse({"status": "ready", "lines": lines})
