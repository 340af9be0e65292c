import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.media_stream import (
    DTMF_DIGITS,
    Clear,
    Mark,
    Media,
    ProtocolError,
    StreamWriter,
    parse,
)
from server.media_messages import Refusal, StreamOrder
from server.media_messages import parse as server_parse

SID = "MZ" + "0" * 32


def writer(**parameters: str) -> StreamWriter:
    return StreamWriter(
        stream_sid=SID,
        call_sid="CA" + "1" * 32,
        account_sid="AC" + "2" * 32,
        custom_parameters=parameters,
    )


def test_start_tells_who_calls_and_how_the_audio_is_coded() -> None:
    message = json.loads(writer(bot="receptionist").start())
    assert message == {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": SID,
        "start": {
            "accountSid": "AC" + "2" * 32,
            "callSid": "CA" + "1" * 32,
            "streamSid": SID,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"bot": "receptionist"},
        },
    }


def test_connected_comes_without_a_number() -> None:
    assert json.loads(writer().connected()) == {
        "event": "connected",
        "protocol": "Call",
        "version": "1.0.0",
    }


@given(
    audio=st.lists(st.binary(min_size=1, max_size=320), min_size=1, max_size=5),
    digits=st.text(DTMF_DIGITS, max_size=5),
)
def test_messages_are_numbered_in_order_and_audio_is_counted_apart(
    audio: list[bytes], digits: str
) -> None:
    twilio = writer()
    texts = [twilio.start()]
    for position, chunk in enumerate(audio):
        texts.append(twilio.media(chunk, at_ms=position * 20))
    texts += [twilio.dtmf(digit) for digit in digits]
    texts.append(twilio.stop())
    messages = [json.loads(text) for text in texts]
    assert [m["sequenceNumber"] for m in messages] == [str(n + 1) for n in range(len(messages))]
    media = [m["media"] for m in messages if m["event"] == "media"]
    assert [base64.b64decode(m["payload"]) for m in media] == audio
    assert [m["chunk"] for m in media] == [str(n + 1) for n in range(len(audio))]
    assert [m["timestamp"] for m in media] == [str(n * 20) for n in range(len(audio))]
    assert "".join(m["dtmf"]["digit"] for m in messages if m["event"] == "dtmf") == digits
    assert messages[-1]["stop"] == {"accountSid": "AC" + "2" * 32, "callSid": "CA" + "1" * 32}


def test_the_server_accepts_a_whole_call_as_this_telephone_writes_it() -> None:
    twilio, order = writer(), StreamOrder()
    texts = [twilio.connected(), twilio.start(), twilio.media(b"\xff" * 160, at_ms=0)]
    texts += [twilio.dtmf("#"), twilio.mark("a"), twilio.stop()]
    for text in texts:
        message = server_parse(text)
        assert not isinstance(message, Refusal), message
        assert order.check(message) is None


def test_a_key_that_no_telephone_has_is_not_sent() -> None:
    with pytest.raises(ValueError, match="not a key"):
        writer().dtmf("x")


@given(st.binary(min_size=1, max_size=400))
def test_audio_from_the_server_arrives_as_it_was_sent(audio: bytes) -> None:
    payload = base64.b64encode(audio).decode()
    sent = json.dumps({"event": "media", "streamSid": SID, "media": {"payload": payload}})
    assert parse(sent, stream_sid=SID) == Media(SID, audio)


def test_marks_and_clears_of_the_server_are_understood() -> None:
    mark = json.dumps({"event": "mark", "streamSid": SID, "mark": {"name": "end of answer"}})
    assert parse(mark, stream_sid=SID) == Mark(SID, "end of answer")
    clear = json.dumps({"event": "clear", "streamSid": SID})
    assert parse(clear, stream_sid=SID) == Clear(SID)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("[1]", "not a JSON object"),
        (b"\x00", "binary"),
        ('{"event": "clear"}', "streamSid None"),
        ('{"event": "clear", "streamSid": "MZ1"}', "not this stream's"),
        (json.dumps({"event": "media", "streamSid": SID}), "without its media"),
        (json.dumps({"event": "mark", "streamSid": SID, "mark": {}}), "without its mark"),
        (json.dumps({"event": "media", "streamSid": SID, "media": {"payload": "é"}}), "base64"),
        (json.dumps({"event": "media", "streamSid": SID, "media": {"payload": ""}}), "empty"),
        (json.dumps({"event": "play", "streamSid": SID}), "unknown event 'play'"),
    ],
)
def test_what_twilio_would_not_take_is_refused_with_the_reason(text: str | bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        parse(text, stream_sid=SID)


@given(st.text() | st.binary())
def test_nothing_but_a_refusal_comes_of_noise(noise: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(noise, stream_sid=SID)
