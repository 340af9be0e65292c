"""The voice webhook: whose calls are answered, and with what."""

import xml.etree.ElementTree as ElementTree

from conftest import OpenReception
from starlette.responses import Response


def stream_url(response: Response) -> str:
    root = ElementTree.fromstring(response.body if hasattr(response, "body") else response.text)  # type: ignore[arg-type]
    stream = root.find("./Connect/Stream")
    assert stream is not None
    return stream.attrib["url"]


def test_signed_call_is_connected_to_a_stream_with_a_token(open_reception: OpenReception) -> None:
    reception = open_reception()
    first, second = reception.ring("CA1"), reception.ring("CA2")
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("text/xml")
    urls = [stream_url(first), stream_url(second)]
    assert all(url.startswith("wss://calls.example.com/twilio/media/") for url in urls)
    assert urls[0] != urls[1]
    assert "Hangup" in first.text


def test_call_with_a_wrong_signature_is_refused(open_reception: OpenReception) -> None:
    reception = open_reception()
    assert reception.ring(token="another-token").status_code == 403
    assert reception.ring(signed_for="https://elsewhere.example.com").status_code == 403
    assert reception.client.post("/twilio/voice?bot=greeter", data={}).status_code == 403
    assert reception.house.lines.in_use == 0


def test_signature_is_checked_against_what_the_proxy_names_without_a_public_url(
    open_reception: OpenReception,
) -> None:
    reception = open_reception(public_url=None)
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "phone.example.org"}
    answer = reception.ring(signed_for="https://phone.example.org", headers=headers)
    assert stream_url(answer).startswith("wss://phone.example.org/twilio/media/")
    assert reception.ring(signed_for="http://127.0.0.1:7860").status_code == 200


def test_public_url_counts_whatever_a_proxy_says(open_reception: OpenReception) -> None:
    reception = open_reception()
    headers = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example.org"}
    answer = reception.ring(headers=headers)
    assert stream_url(answer).startswith("wss://calls.example.com/")


def test_call_beyond_the_last_line_hears_that_all_lines_are_busy(
    open_reception: OpenReception,
) -> None:
    reception = open_reception(max_calls=1)
    reception.ring("CA1")
    busy = reception.ring("CA2")
    assert busy.status_code == 200
    said = ElementTree.fromstring(busy.text).findtext("Say")
    assert said is not None
    assert "All lines are busy" in said
    assert "Stream" not in busy.text


def test_phone_routes_without_a_token_answer_503_and_say_why(
    open_reception: OpenReception,
) -> None:
    answer = open_reception(twilio_auth_token=None).ring()
    assert answer.status_code == 503
    assert "TWILIO_AUTH_TOKEN is not set" in answer.json()["error"]


def test_unknown_bot_is_answered_with_those_there_are(open_reception: OpenReception) -> None:
    reception = open_reception()
    answer = reception.ring(bot="nobody")
    assert answer.status_code == 404
    assert "greeter, other" in answer.json()["error"]
    assert reception.house.lines.in_use == 0


def test_request_without_a_call_is_refused(open_reception: OpenReception) -> None:
    from conftest import PUBLIC_URL, TOKEN
    from twilio.request_validator import RequestValidator

    reception = open_reception()
    path = "/twilio/voice"
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + path, {"From": "+1"})
    answer = reception.client.post(
        path, data={"From": "+1"}, headers={"X-Twilio-Signature": signature}
    )
    assert (answer.status_code, "CallSid" in answer.json()["error"]) == (400, True)
