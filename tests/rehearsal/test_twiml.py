import pytest
from twilio.twiml.voice_response import Connect as ConnectVerb
from twilio.twiml.voice_response import Stream, VoiceResponse

from rehearsal.twiml import Connect, Dial, Hangup, Say, TwimlError, parse_twiml


def test_what_twilios_own_library_writes_is_read_back() -> None:
    response = VoiceResponse()
    connect = ConnectVerb()
    stream = Stream(url="wss://example.com/media/abc")
    stream.parameter(name="bot", value="a & b")
    connect.append(stream)
    response.append(connect)
    response.dial("+15005550199")
    response.say("Goodbye & thanks")
    response.hangup()
    assert parse_twiml(str(response)) == [
        Connect("wss://example.com/media/abc", {"bot": "a & b"}),
        Dial("+15005550199"),
        Say("Goodbye & thanks"),
        Hangup(),
    ]


def document(url: str) -> str:
    return f'<Response><Connect><Stream url="{url}"/></Connect></Response>'


@pytest.mark.parametrize(
    ("twiml", "why"),
    [
        ("no xml", "not XML"),
        ("<Say>hello</Say>", "not <Response>"),
        ("<Response><Sing/></Response>", "<Sing> is not a verb"),
        ("<Response><Connect/></Response>", "no <Stream>"),
        (document("wss://example.com/media?token=1"), "query string"),
        (document("ws://example.com/media"), "must be wss"),
        (document("https://example.com/media"), "must be wss"),
        ("<Response><Dial/></Response>", "no number"),
        (f"<Response><Say>{'a' * 70_000}</Say></Response>", "64 KB"),
    ],
)
def test_what_twilio_would_refuse_is_refused_here(twiml: str, why: str) -> None:
    with pytest.raises(TwimlError, match=why):
        parse_twiml(twiml)


def test_a_plain_websocket_is_allowed_on_loopback() -> None:
    assert parse_twiml(document("ws://127.0.0.1:7860/m")) == [Connect("ws://127.0.0.1:7860/m")]
