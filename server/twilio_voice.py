"""Twilio's voice webhook: who called is checked, and told where to send the audio."""

from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response
from loguru import logger
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Connect, VoiceResponse

from server.house import House, house
from server.lines import NoLine
from server.stream_tokens import AwaitedStream, StreamTokens
from settings import Settings

routes = APIRouter()

PHONE_IS_OFF = (
    "TWILIO_AUTH_TOKEN is not set: phone routes are off. Copy it from the Twilio console into .env."
)


def stream_tokens(request: Request) -> StreamTokens:
    return request.app.state.stream_tokens


@routes.post("/twilio/voice")
async def voice(
    request: Request,
    house: Annotated[House, Depends(house)],
    tokens: Annotated[StreamTokens, Depends(stream_tokens)],
) -> Response:
    """Answer a phone call with TwiML. `?bot=NAME` chooses the bot."""
    settings = house.settings
    if not settings.twilio_token:
        raise HTTPException(503, PHONE_IS_OFF)
    form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
    base = public_base(settings, request)
    if not _is_from_twilio(settings.twilio_token, request, base, form):
        logger.warning(
            f"Refused a voice webhook whose signature does not match {base}{request.url.path}. "
            "If Twilio sent it, set PUBLIC_URL to the address that Twilio calls."
        )
        raise HTTPException(403, "The signature does not match.")
    call_sid = form.get("CallSid", "")
    if not call_sid:
        raise HTTPException(400, "The request has no CallSid.")
    bot = house.bot(request.query_params.get("bot"))
    try:
        line = house.lines.take()
    except NoLine as refusal:
        return _twiml(_say(str(refusal)))
    token = tokens.issue(
        AwaitedStream(
            call_sid=call_sid,
            bot=bot,
            caller=form.get("From", ""),
            called=form.get("To", ""),
            line=line,
        )
    )
    return _twiml(_connect(f"{_as_websocket(base)}/twilio/media/{token}"))


def public_base(settings: Settings, request: Request) -> str:
    """The address that Twilio called, without path: `PUBLIC_URL`, else what the proxy says.

    A forged header gains nothing: the signature is made over the address.
    """
    if settings.public_url:
        return settings.public_url
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme).split(",")[0].strip()
    host = request.headers.get("x-forwarded-host", request.url.netloc).split(",")[0].strip()
    return f"{scheme}://{host}"


def _is_from_twilio(token: str, request: Request, base: str, form: dict[str, str]) -> bool:
    query = f"?{request.url.query}" if request.url.query else ""
    signature = request.headers.get("x-twilio-signature", "")
    return RequestValidator(token).validate(base + request.url.path + query, form, signature)


def _as_websocket(base: str) -> str:
    parts = urlsplit(base)
    return urlunsplit(parts._replace(scheme="ws" if parts.scheme == "http" else "wss"))


def _connect(url: str) -> VoiceResponse:
    response = VoiceResponse()
    connect = Connect()
    connect.stream(url=url)
    response.append(connect)
    # Reached when the stream ends: the call is over, unless it was redirected before.
    response.hangup()
    return response


def _say(sentence: str) -> VoiceResponse:
    response = VoiceResponse()
    response.say(sentence)
    response.hangup()
    return response


def _twiml(response: VoiceResponse) -> Response:
    return Response(str(response), media_type="text/xml")
