"""Handing a phone call to a person through Twilio's REST API."""

import pytest
from pydantic import SecretStr

from calls.redirect import RedirectFailed, redirect_call
from rehearsal.twilio_rest import TwilioRest
from settings import Settings

ACCOUNT = "AC" + "1" * 32
TOKEN = "the-auth-token"


def settings_for(url: str) -> Settings:
    return Settings.load().model_copy(
        update={
            "twilio_account_sid": ACCOUNT,
            "twilio_auth_token": SecretStr(TOKEN),
            "twilio_base_url": url,
        }
    )


async def test_live_call_is_told_to_dial_the_person() -> None:
    async with TwilioRest(ACCOUNT, TOKEN) as twilio:
        twilio.add_call("CA1")
        await redirect_call(settings_for(twilio.url), "CA1", "+14155550123")
        (update,) = twilio.received
    assert update.call_sid == "CA1"
    assert "<Dial>+14155550123</Dial>" in update.twiml


async def test_refused_redirect_says_what_twilio_said() -> None:
    async with TwilioRest(ACCOUNT, TOKEN) as twilio:
        with pytest.raises(RedirectFailed, match="404"):
            await redirect_call(settings_for(twilio.url), "CA-over", "+14155550123")
        twilio.refuse(429, 20429, "Too many requests")
        with pytest.raises(RedirectFailed, match="Too many requests"):
            await redirect_call(settings_for(twilio.url), "CA1", "+14155550123")


async def test_twilio_that_is_away_is_told() -> None:
    async with TwilioRest(ACCOUNT, TOKEN) as twilio:
        gone = twilio.url
    with pytest.raises(RedirectFailed, match="could not be reached"):
        await redirect_call(settings_for(gone), "CA1", "+14155550123")


async def test_account_that_is_not_set_up_is_told_what_to_set() -> None:
    with pytest.raises(RedirectFailed, match="TWILIO_ACCOUNT_SID"):
        await redirect_call(Settings.load(), "CA1", "+14155550123")
