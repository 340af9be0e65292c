"""Signing in with the operator's token, and out again."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from loguru import logger
from pydantic import BaseModel, Field

from server.operator.door import COOKIE, Door, Operator, door_of
from server.operator.sessions import SESSION_S, same
from server.operator.whence import is_https, is_own_page

routes = APIRouter(prefix="/api/operator")


class SignIn(BaseModel):
    """The token, and a name for the access log."""

    token: str = Field(max_length=1000)
    name: str = Field("", max_length=60)


def _door(request: Request) -> Door:
    return door_of(request)


TheDoor = Annotated[Door, Depends(_door)]


@routes.get("/session")
async def session(operator: Operator) -> dict[str, Any]:
    """Who is signed in, and the token that changing requests have to carry."""
    return {
        "who": operator.who,
        "csrf_token": operator.csrf_token,
        "signed_in": operator.session is not None,
    }


@routes.post("/session")
async def sign_in(request: Request, response: Response, given: SignIn, door: TheDoor) -> dict:
    """Exchange the token for a cookie."""
    if not door.token:
        raise HTTPException(403, "OPERATOR_TOKEN is not set: there is nothing to sign in with.")
    if not is_own_page(request, door.public_url):
        raise HTTPException(403, "Sign in on this server's own page, /sign-in.")
    address = door.address(request)
    if wait_s := door.attempts.wait_s(address):
        raise HTTPException(
            429,
            f"Too many wrong tokens. Try again in {wait_s} s.",
            {"Retry-After": str(wait_s)},
        )
    if not same(given.token.strip(), door.token):
        door.attempts.failed(address)
        logger.warning(f"Somebody at {address} tried to sign in with a wrong token.")
        raise HTTPException(401, "This is not the token. It is OPERATOR_TOKEN of the server.")
    door.attempts.succeeded(address)
    session, cookie = door.sessions.begin(given.name.strip() or f"operator at {address}")
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=SESSION_S,
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_https(request),
    )
    return {"who": session.who}


@routes.delete("/session")
async def sign_out(response: Response, operator: Operator, door: TheDoor) -> dict:
    """End the session."""
    if operator.session:
        door.sessions.end(operator.session)
    response.delete_cookie(COOKIE, path="/")
    return {}
