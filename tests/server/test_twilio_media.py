"""The media socket: which streams are let in, and which are ended."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from conftest import OpenReception, Reception
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from test_media_messages import START

import server.twilio_media
from server.stream_tokens import StreamTokens


def media_path(reception: Reception, call_sid: str = "CA1") -> str:
    stream = ElementTree.fromstring(reception.ring(call_sid).text).find("./Connect/Stream")
    assert stream is not None
    return "/twilio/media/" + stream.attrib["url"].rsplit("/", 1)[1]


def begin(socket: WebSocketTestSession, call_sid: str = "CA1") -> None:
    socket.send_text(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
    start: dict[str, Any] = {**START, "start": {**START["start"], "callSid": call_sid}}
    socket.send_text(json.dumps(start))


def refused(reception: Reception, path: str) -> bool:
    with pytest.raises(WebSocketDisconnect), reception.client.websocket_connect(path):
        pytest.fail("the socket was accepted")
    return True


def test_stream_without_a_token_of_ours_is_refused_before_it_is_accepted(
    open_reception: OpenReception,
) -> None:
    reception = open_reception()
    assert refused(reception, "/twilio/media/")
    assert refused(reception, "/twilio/media/made-up-token")


def test_token_lets_one_stream_in_once(open_reception: OpenReception) -> None:
    reception = open_reception()
    path = media_path(reception)
    with reception.client.websocket_connect(path) as socket:
        begin(socket)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()
    assert refused(reception, path)


def test_expired_token_is_refused_and_its_line_is_free_again(
    open_reception: OpenReception,
) -> None:
    reception = open_reception(max_calls=1)
    tokens = StreamTokens(life_s=0)
    reception.client.app.state.stream_tokens = tokens  # pyright: ignore[reportAttributeAccessIssue]
    assert refused(reception, media_path(reception))
    assert reception.house.lines.in_use == 0
    assert "Stream" in reception.ring("CA2").text


def test_token_of_one_call_is_of_no_use_to_another(open_reception: OpenReception) -> None:
    reception = open_reception()
    path = media_path(reception, "CA1")
    with reception.client.websocket_connect(path) as socket:
        begin(socket, "CA-foreign")
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
    assert ended.value.code == 1008
    assert reception.house.lines.in_use == 0


@pytest.mark.parametrize(
    "message", ["no json", "{}", json.dumps({"event": "media"}), "x" * 20_000, "[" * 10_000]
)
def test_malformed_message_ends_its_stream_and_frees_its_line(
    open_reception: OpenReception, message: str
) -> None:
    reception = open_reception()
    with reception.client.websocket_connect(media_path(reception)) as socket:
        socket.send_text(message)
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
    assert ended.value.code == 1008
    assert reception.house.lines.in_use == 0


def test_stream_that_never_starts_is_ended(
    open_reception: OpenReception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.twilio_media, "_START_AT_MOST_S", 0)
    reception = open_reception()
    path = media_path(reception)
    with reception.client.websocket_connect(path) as socket, pytest.raises(WebSocketDisconnect):
        socket.receive_text()
    assert reception.house.lines.in_use == 0


def test_caller_who_is_gone_before_the_start_frees_the_line(
    open_reception: OpenReception,
) -> None:
    reception = open_reception()
    with reception.client.websocket_connect(media_path(reception)) as socket:
        socket.close()
    # The endpoint has ended when the session is left.
    assert reception.house.lines.in_use == 0


def test_bot_that_cannot_build_its_pipeline_ends_the_call_and_frees_the_line(
    open_reception: OpenReception,
) -> None:
    reception = open_reception()
    with reception.client.websocket_connect(media_path(reception)) as socket:
        begin(socket)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()
    assert reception.house.lines.in_use == 0
