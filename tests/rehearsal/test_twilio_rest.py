import asyncio

import aiohttp
import pytest
from pipecat.frames.frames import EndFrame
from pipecat.serializers.twilio import TwilioFrameSerializer

from rehearsal.twilio_rest import CallUpdate, TwilioRest

ACCOUNT, TOKEN, CALL = "AC" + "a" * 32, "secret", "CA" + "c" * 32


async def post(
    rest: TwilioRest, form: dict[str, str], *, call: str = CALL, token: str = TOKEN
) -> tuple[int, dict[str, object]]:
    url = f"{rest.url}/2010-04-01/Accounts/{ACCOUNT}/Calls/{call}.json"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=form, auth=aiohttp.BasicAuth(ACCOUNT, token)) as response,
    ):
        return response.status, await response.json()


async def test_pipecat_hangs_up_a_call_here() -> None:
    ended = asyncio.Event()

    async def end(update: CallUpdate) -> None:
        ended.set()

    async with TwilioRest(ACCOUNT, TOKEN, on_update=end) as rest:
        rest.add_call(CALL)
        serializer = TwilioFrameSerializer(
            "MZ1", call_sid=CALL, account_sid=ACCOUNT, auth_token=TOKEN, base_url=rest.url
        )
        assert await serializer.serialize(EndFrame()) is None
        await ended.wait()
        assert rest.received == [CallUpdate(CALL, status="completed")]


async def test_a_call_can_be_sent_on_by_twiml_or_url() -> None:
    async with TwilioRest(ACCOUNT, TOKEN) as rest:
        rest.add_call(CALL)
        status, body = await post(rest, {"Twiml": "<Response/>"})
        assert (status, body["sid"], body["status"]) == (200, CALL, "in-progress")
        await post(rest, {"Url": "https://example.com/next", "Method": "GET"})
        assert rest.received == [
            CallUpdate(CALL, twiml="<Response/>"),
            CallUpdate(CALL, url="https://example.com/next", method="GET"),
        ]


async def test_a_call_that_is_over_cannot_be_changed() -> None:
    async with TwilioRest(ACCOUNT, TOKEN) as rest:
        rest.add_call(CALL)
        await post(rest, {"Status": "completed"})
        status, body = await post(rest, {"Status": "completed"})
        assert status == 404
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}.json"
        assert body == {
            "code": 20404,
            "message": f"The requested resource {path} was not found",
            "more_info": "https://www.twilio.com/docs/errors/20404",
            "status": 404,
        }
        assert len(rest.received) == 1


@pytest.mark.parametrize(
    ("form", "token", "call", "status", "code"),
    [
        ({"Status": "completed"}, "wrong", CALL, 401, 20003),
        ({"Status": "completed"}, TOKEN, "CA" + "d" * 32, 404, 20404),
        ({"Status": "over"}, TOKEN, CALL, 400, 21218),
        ({}, TOKEN, CALL, 400, 21205),
    ],
)
async def test_errors_have_twilios_shape(
    form: dict[str, str], token: str, call: str, status: int, code: int
) -> None:
    async with TwilioRest(ACCOUNT, TOKEN) as rest:
        rest.add_call(CALL)
        got, body = await post(rest, form, token=token, call=call)
        assert (got, body["code"], body["status"]) == (status, code, status)
        assert rest.received == []


async def test_it_refuses_on_order_and_accepts_again() -> None:
    async with TwilioRest(ACCOUNT, TOKEN) as rest:
        rest.add_call(CALL)
        rest.refuse(503, 20503, "Service unavailable")
        status, body = await post(rest, {"Status": "completed"})
        assert (status, body["code"]) == (503, 20503)
        rest.accept()
        assert (await post(rest, {"Status": "completed"}))[0] == 200
