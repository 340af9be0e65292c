"""What a phone's socket may say, and in which order."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.media_messages import (
    AUDIO_AT_MOST,
    MESSAGE_AT_MOST,
    Connected,
    Dtmf,
    Mark,
    Media,
    Refusal,
    Start,
    Stop,
    StreamOrder,
    parse,
)

START = {
    "event": "start",
    "sequenceNumber": "1",
    "streamSid": "MZ1",
    "start": {
        "streamSid": "MZ1",
        "accountSid": "AC1",
        "callSid": "CA1",
        "tracks": ["inbound"],
        "customParameters": {},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    },
}


def media(sequence: int, audio: bytes = b"\xff" * 160, stream_sid: str = "MZ1") -> str:
    payload = base64.b64encode(audio).decode()
    return json.dumps(
        {
            "event": "media",
            "sequenceNumber": str(sequence),
            "streamSid": stream_sid,
            "media": {"track": "inbound", "chunk": "1", "timestamp": "5", "payload": payload},
        }
    )


def other(event: str, sequence: int, **rest: object) -> str:
    message = {"event": event, "sequenceNumber": str(sequence), "streamSid": "MZ1", **rest}
    return json.dumps(message)


def test_call_from_connected_to_stop_is_let_through() -> None:
    order = StreamOrder()
    call = [
        (json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}), Connected()),
        (json.dumps(START), Start(1, "MZ1", "CA1", "AC1")),
        (media(2), Media(2, "MZ1", b"\xff" * 160)),
        (other("dtmf", 3, dtmf={"track": "inbound_track", "digit": "5"}), Dtmf(3, "MZ1", "5")),
        (other("mark", 4, mark={"name": "m"}), Mark(4, "MZ1", "m")),
        (other("stop", 5, stop={"accountSid": "AC1", "callSid": "CA1"}), Stop(5, "MZ1")),
    ]
    for text, expected in call:
        message = parse(text)
        assert message == expected
        assert not isinstance(message, Refusal)
        assert order.check(message) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"\x00\x01", "binary"),
        (None, "binary"),
        ("not json", "no JSON"),
        ("[" * 5000, "no JSON"),
        ("[1]", "no JSON object"),
        ("{}", "unknown event"),
        (json.dumps({"event": "media"}), "object `media`"),
        ("x" * (MESSAGE_AT_MOST + 1), "characters"),
        (media(2, b"\xff" * (AUDIO_AT_MOST + 1)), "bytes of audio"),
        (other("media", 2, media={"payload": "###"}), "base64"),
        (other("dtmf", 2, dtmf={"digit": "?"}), "no telephone"),
        (json.dumps({**START, "sequenceNumber": 1}), "sequenceNumber"),
        (json.dumps({**START, "sequenceNumber": "1" * 5000}), "sequenceNumber"),
        (
            json.dumps({**START, "start": {**START["start"], "mediaFormat": {"encoding": "opus"}}}),
            "mu-law",
        ),
    ],
)
def test_message_that_cannot_be_twilios_is_refused_with_the_reason(
    text: str | bytes | None, why: str
) -> None:
    refusal = parse(text)
    assert isinstance(refusal, Refusal)
    assert why in refusal.why


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ([media(2)], "before `start`"),
        ([json.dumps(START), json.dumps(START)], "second `start`"),
        ([json.dumps(START), media(3), media(3)], "message 3 after message 3"),
        ([json.dumps(START), media(9), media(2)], "message 2 after message 9"),
        ([json.dumps(START), media(2, stream_sid="MZ2")], "another stream"),
        ([json.dumps(START), other("stop", 2, stop={}), media(3)], "after `stop`"),
        ([json.dumps(START), json.dumps({"event": "connected"})], "second `connected`"),
    ],
)
def test_message_out_of_order_is_refused_with_the_reason(call: list[str], why: str) -> None:
    order = StreamOrder()
    refusals = []
    for text in call:
        message = parse(text)
        assert not isinstance(message, Refusal)
        refusals.append(order.check(message))
    assert refusals[:-1] == [None] * (len(call) - 1)
    assert refusals[-1] is not None
    assert why in refusals[-1].why


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=10,
)


@given(st.text() | st.binary() | json_values.map(json.dumps))
def test_no_message_whatever_raises(text: str | bytes) -> None:
    parse(text)


@given(
    st.sampled_from(["connected", "start", "media", "dtmf", "mark", "stop"]),
    st.dictionaries(
        st.sampled_from(["sequenceNumber", "streamSid", "start", "media", "dtmf", "mark"]),
        json_values,
    ),
)
def test_no_message_with_known_names_raises(event: str, rest: dict[str, object]) -> None:
    parse(json.dumps({**rest, "event": event}))
