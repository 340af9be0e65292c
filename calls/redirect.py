"""Handing a live phone call to another number through Twilio's REST API."""

import aiohttp
from twilio.twiml.voice_response import VoiceResponse

from settings import Settings

_AT_MOST = aiohttp.ClientTimeout(total=10)


class RedirectFailed(RuntimeError):
    """The call could not be handed over. The message says why."""


async def redirect_call(settings: Settings, call_sid: str, number: str) -> None:
    """Connect the caller of `call_sid` to `number` (E.164).

    Source: Twilio's Voice API, "Update a Call resource" with `Twiml`.

    Raises:
        RedirectFailed: when Twilio refuses, cannot be reached, or is not set up.
    """
    if not (settings.twilio_account_sid and settings.twilio_token and call_sid):
        raise RedirectFailed(
            "TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set: calls cannot be redirected. "
            "Copy both from the Twilio console into .env."
        )
    twiml = VoiceResponse()
    twiml.dial(number)
    url = (
        f"{settings.twilio_base_url}/2010-04-01/Accounts/{settings.twilio_account_sid}"
        f"/Calls/{call_sid}.json"
    )
    login = aiohttp.BasicAuth(settings.twilio_account_sid, settings.twilio_token)
    try:
        async with (
            aiohttp.ClientSession(timeout=_AT_MOST) as session,
            session.post(url, auth=login, data={"Twiml": str(twiml)}) as response,
        ):
            if response.status >= 300:
                said = (await response.text())[:200]
                raise RedirectFailed(f"Twilio refused the redirect ({response.status}): {said}")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise RedirectFailed(f"Twilio could not be reached: {error!r}") from error
