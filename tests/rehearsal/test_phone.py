import asyncio
import time

import aiohttp
import numpy as np
import pytest
from far_end import TOKEN, Line, far_end
from pipecat.frames.frames import InputAudioRawFrame

from rehearsal import mulaw
from rehearsal.audible import audible_spans
from rehearsal.mouth import Mouth
from rehearsal.phone import CallFailed, StreamRefused, TurnedAway, TwilioPhone, WebhookRefused
from rehearsal.twilio_rest import CallUpdate, TwilioRest
from rehearsal.twiml import TwimlError


def tone(ms: int) -> np.ndarray:
    wave = np.sin(np.arange(ms * 8) * 2 * np.pi * 440 / 8000)
    return (wave * 6000).astype(np.int16)


def phone() -> TwilioPhone:
    return TwilioPhone(auth_token=TOKEN)


async def echo(line: Line) -> None:
    while (heard := await line.hear()) is not False:
        if isinstance(heard, InputAudioRawFrame):
            await line.play(heard.audio)


async def listen(line: Line) -> None:
    await line.until_gone()


async def test_a_caller_hears_back_what_was_said_in_full() -> None:
    async with far_end(echo) as end, phone() as caller:
        await caller.dial(end.webhook)
        spoken = await caller.say(tone(300))
        answer = await caller.wait_for_answer(after_s=0.0, quiet_ms=200)
        assert answer.start_s > spoken.start_s
        assert answer.end_s - answer.start_s >= spoken.end_s - spoken.start_s - 0.001
        mine, theirs = caller.tracks()
    assert mine.size == theirs.size
    (said,) = audible_spans(mine)
    assert (said.start_s, said.end_s) == pytest.approx((spoken.start_s, spoken.end_s), abs=0.002)


async def test_the_webhook_gets_what_twilio_sends_and_the_stream_what_the_twiml_says() -> None:
    async with far_end(listen) as end, phone() as caller:
        await caller.dial(end.webhook, to="+15005550111")
        form = end.forms[0]
        assert form["CallSid"] == caller.call_sid
        assert form["AccountSid"] == caller.account_sid
        assert (form["From"], form["To"]) == (caller.number, "+15005550111")
        assert (form["CallStatus"], form["Direction"]) == ("ringing", "inbound")
        await end.answered.wait()
        start = next(m for m in end.lines[0].messages if m["event"] == "start")
        assert start["start"]["customParameters"] == {"bot": "echo"}
        assert start["start"]["callSid"] == caller.call_sid


async def test_the_line_is_never_digitally_silent_and_frames_are_20_ms() -> None:
    heard: list[bytes] = []
    enough = asyncio.Event()

    async def collect(line: Line) -> None:
        while (frame := await line.hear()) is not False:
            if isinstance(frame, InputAudioRawFrame):
                heard.append(frame.audio)
                if len(heard) == 10:
                    enough.set()

    async with far_end(collect) as end, phone() as caller:
        await caller.dial(end.webhook)
        await enough.wait()
        numbers = [m["media"]["timestamp"] for m in end.lines[0].messages if m["event"] == "media"]
    assert numbers[:4] == ["0", "20", "40", "60"]
    assert {len(frame) for frame in heard} == {320}
    assert all(np.frombuffer(frame, np.int16).any() for frame in heard)
    assert audible_spans(np.frombuffer(b"".join(heard), np.int16)) == []


async def test_frames_that_a_busy_machine_delayed_are_caught_up() -> None:
    async with far_end(listen) as end, phone() as caller:
        await caller.dial(end.webhook)
        time.sleep(0.3)  # noqa: ASYNC251  (the event loop itself must stand still)
        async with asyncio.timeout(10):
            while caller.now_s - caller.mouth.track().size / 8000 > 0.06:
                await caller.wait(0.02)


async def test_keys_arrive_in_order() -> None:
    async with far_end(listen) as end, phone() as caller:
        await caller.dial(end.webhook)
        await caller.press("12#")
        await caller.hang_up()
        assert end.lines[0].keys == "12#"


async def test_hanging_up_says_stop_and_closes() -> None:
    gone = asyncio.Event()

    async def until_gone(line: Line) -> None:
        await line.until_gone()
        gone.set()

    async with far_end(until_gone) as end:
        async with phone() as caller:
            await caller.dial(end.webhook)
        await gone.wait()
        assert end.lines[0].events[-1] == "stop"
        assert end.lines[0].socket.close_code == 1000
        assert caller.ended_by == "caller"
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("phone-")]


async def test_a_dropped_network_says_nothing() -> None:
    gone = asyncio.Event()

    async def until_gone(line: Line) -> None:
        await line.until_gone()
        gone.set()

    async with far_end(until_gone) as end, phone() as caller:
        await caller.dial(end.webhook)
        await caller.hang_up(abrupt=True)
        await gone.wait()
        assert "stop" not in end.lines[0].events
        assert end.lines[0].socket.close_code != 1000


async def test_a_bot_that_hangs_up_ends_the_call_and_cuts_what_is_not_played_yet() -> None:
    async def rude(line: Line) -> None:
        await line.play(tone(3000).tobytes())
        await line.socket.close()

    async with far_end(rude) as end, phone() as caller:
        await caller.dial(end.webhook)
        await caller.ended.wait()
        assert caller.ended_by == "server"
        assert caller.playout.unplayed_ms > 0
        with pytest.raises(ConnectionError):
            await caller.say(tone(100))


async def test_a_caller_cut_off_in_mid_sentence_is_told() -> None:
    async def leave(line: Line) -> None:
        await line.until("media")
        await line.socket.close()

    async with far_end(leave) as end, phone() as caller:
        await caller.dial(end.webhook)
        with pytest.raises(ConnectionError, match="ended while the caller spoke"):
            await caller.say(tone(60_000))


async def test_barge_in_is_measured_at_the_telephones_loudspeaker() -> None:
    async def chatty(line: Line) -> None:
        await line.play(tone(20_000).tobytes())
        while (heard := await line.hear()) is not False:
            if isinstance(heard, InputAudioRawFrame) and audible_spans(
                np.frombuffer(heard.audio, np.int16)
            ):
                await line.interrupt()
                await line.until_gone()
                return

    async with far_end(chatty) as end, phone() as caller:
        await caller.dial(end.webhook)
        await caller.wait_until_heard()
        spoken = await caller.say(tone(200))
        await caller.wait_for_answer(quiet_ms=300)
        stop_ms = caller.playout.stop_after_ms(spoken.start_s)
        assert stop_ms is not None
        assert stop_ms < 19_000
        assert caller.playout.cleared[0].dropped_ms > 0


async def test_marks_come_back_after_the_audio_and_at_once_when_cleared() -> None:
    back: list[str] = []

    async def marking(line: Line) -> None:
        await line.play(tone(100).tobytes())
        await line.mark("played")
        await line.until("mark")
        back.append(line.messages[-1]["mark"]["name"])
        await line.play(tone(60_000).tobytes())
        await line.mark("cleared")
        await line.interrupt()
        while True:
            await line.hear()
            if line.messages[-1]["event"] == "mark":
                back.append(line.messages[-1]["mark"]["name"])
                return

    async with far_end(marking) as end, phone() as caller:
        await caller.dial(end.webhook)
        await caller.ended.wait()
    assert back == ["played", "cleared"]


async def test_a_silent_bot_is_noticed() -> None:
    async with far_end(listen) as end, phone() as caller:
        await caller.dial(end.webhook)
        with pytest.raises(TimeoutError, match=r"said nothing for 0\.2 s"):
            await caller.wait_for_answer(timeout_s=0.2)


async def test_what_twilio_would_refuse_is_kept_and_the_call_goes_on() -> None:
    async def wrong(line: Line) -> None:
        await line.socket.send_str('{"event": "clear", "streamSid": "MZother"}')
        await line.play(tone(100).tobytes())
        await line.until_gone()

    async with far_end(wrong) as end, phone() as caller:
        await caller.dial(end.webhook)
        await caller.wait_until_heard()
        assert caller.refused_messages == ["streamSid 'MZother' is not this stream's"]


async def test_a_busy_line_is_said_to_the_caller() -> None:
    twiml = "<Response><Say>All lines are busy.</Say><Hangup/></Response>"
    async with far_end(listen, twiml=twiml) as end, phone() as caller:
        with pytest.raises(TurnedAway, match="All lines are busy"):
            await caller.dial(end.webhook)
        assert caller.announcements == ["All lines are busy."]


async def test_a_wrong_token_is_refused_by_the_webhook() -> None:
    async with far_end(listen) as end, TwilioPhone(auth_token="another") as caller:
        with pytest.raises(WebhookRefused, match="403: wrong signature") as refused:
            await caller.dial(end.webhook)
        assert refused.value.status == 403


async def test_the_signature_covers_the_public_address_behind_a_proxy() -> None:
    async with far_end(listen) as end, phone() as caller:
        await caller.dial(
            end.webhook,
            signed_as="https://bots.example.com/voice?bot=echo",
            headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "bots.example.com"},
        )
        assert end.forms[0]["CallSid"] == caller.call_sid


async def test_a_refused_media_stream_is_told_with_its_status() -> None:
    async with far_end(listen, ws_status=403) as end, phone() as caller:
        with pytest.raises(StreamRefused, match="403"):
            await caller.dial(end.webhook)


async def test_nobody_at_the_webhook_is_a_failed_call() -> None:
    async with phone() as caller:
        with pytest.raises(CallFailed, match="could not be reached"):
            await caller.dial("http://127.0.0.1:9/voice")


async def test_twiml_that_is_none_fails_the_call() -> None:
    async with far_end(listen, twiml="hello") as end, phone() as caller:
        with pytest.raises(TwimlError):
            await caller.dial(end.webhook)


async def test_the_rest_api_ends_the_call_like_the_network_does() -> None:
    gone = asyncio.Event()

    async def until_gone(line: Line) -> None:
        await line.until_gone()
        gone.set()

    async with far_end(until_gone) as end, phone() as caller:
        await caller.dial(end.webhook)
        await caller.updated(CallUpdate(caller.call_sid, status="completed"))
        await gone.wait()
        assert caller.ended_by == "rest"
        assert end.lines[0].events[-1] == "stop"


async def test_a_redirected_call_leaves_the_stream_and_is_put_through() -> None:
    async with (
        far_end(listen) as end,
        phone() as caller,
        TwilioRest(caller.account_sid, TOKEN, on_update=caller.updated) as rest,
    ):
        rest.add_call(caller.call_sid)
        await caller.dial(end.webhook)
        async with aiohttp.ClientSession() as session:
            await session.post(
                f"{rest.url}/2010-04-01/Accounts/{caller.account_sid}/Calls/{caller.call_sid}.json",
                auth=aiohttp.BasicAuth(caller.account_sid, TOKEN),
                data={"Twiml": "<Response><Dial>+15005550199</Dial></Response>"},
            )
        await caller.ended.wait()
        assert caller.forwarded_to == "+15005550199"
        assert caller.ended_by == "rest"


async def test_after_the_stream_the_rest_of_the_twiml_is_followed() -> None:
    async def leave(line: Line) -> None:
        await line.socket.close()

    twiml = (
        '<Response><Connect><Stream url="MEDIA"/></Connect><Say>Goodbye.</Say><Hangup/></Response>'
    )
    async with far_end(leave, twiml=twiml) as end, phone() as caller:
        await caller.dial(end.webhook)
        await caller.ended.wait()
        assert caller.announcements == ["Goodbye."]


def test_a_quiet_line_still_is_not_digitally_silent() -> None:
    codes = mulaw.encode(Mouth().next_frame())
    assert len(set(codes)) > 1


def test_a_noisy_line_can_be_had() -> None:
    noisy = Mouth(noise_dbfs=-60)
    track = np.concatenate([noisy.next_frame() for _ in range(50)]).astype(float) / 32768
    assert 20 * np.log10(track.std()) == pytest.approx(-60, abs=1)
