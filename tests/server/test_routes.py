"""The page's and the clients' routes: what they say, and how they refuse."""

from conftest import OpenReception


def test_page_lists_the_bots_and_says_which_providers_are_stand_ins(
    open_reception: OpenReception,
) -> None:
    answer = open_reception().client.get("/api/bots").json()
    assert answer["bots"][0] == {
        "name": "greeter",
        "title": "Greeter",
        "sentence": "Says greeter.",
    }
    assert answer["providers"]["llm"]["stand_in"] is True
    assert answer["transports"] == {"webrtc": True, "daily": False}
    assert answer["lines"] == {"in_use": 0, "max": 2}


def test_server_is_ready_until_its_lines_are_taken_or_it_drains(
    open_reception: OpenReception,
) -> None:
    reception = open_reception(max_calls=1)
    assert reception.client.get("/healthz").status_code == 200
    assert reception.client.get("/readyz").status_code == 200
    line = reception.house.lines.take()
    assert reception.client.get("/readyz").status_code == 503
    line.release()
    reception.house.lines.close()
    answer = reception.client.get("/readyz")
    assert answer.status_code == 503
    assert "not taking calls" in answer.json()["error"]
    assert reception.client.get("/healthz").status_code == 200


def test_offer_that_is_none_is_refused_with_a_sentence(open_reception: OpenReception) -> None:
    reception = open_reception()
    for offer in (
        {"sdp": "nonsense", "type": "offer"},
        {"sdp": "v=0\r\n", "type": "answer"},
        {"sdp": "x" * 100_000, "type": "offer"},
        {"type": "offer"},
    ):
        answer = reception.client.post("/api/offer", json=offer)
        assert answer.status_code in (400, 422), answer.text
        assert answer.json()["error"]
    assert reception.house.lines.in_use == 0


def test_offer_for_an_unknown_bot_names_those_there_are(open_reception: OpenReception) -> None:
    offer = {"sdp": "v=0\r\nm=audio 9", "type": "offer", "request_data": {"bot": "nobody"}}
    answer = open_reception().client.post("/api/offer", json=offer)
    assert answer.status_code == 404
    assert "greeter, other" in answer.json()["error"]


def test_candidates_of_an_unknown_connection_are_refused(open_reception: OpenReception) -> None:
    answer = open_reception().client.patch("/api/offer", json={"pc_id": "x", "candidates": []})
    assert answer.status_code == 404
    assert answer.json()["error"]


def test_session_is_announced_as_pipecats_clients_expect(open_reception: OpenReception) -> None:
    reception = open_reception()
    session = reception.client.post("/start", json={"body": {"bot": "other"}}).json()["sessionId"]
    offer = {"sdp": "v=0\r\nm=audio nonsense", "type": "offer"}
    known = reception.client.post(f"/sessions/{session}/api/offer", json=offer)
    assert "cannot be understood" in known.json()["error"]
    unknown = reception.client.post("/sessions/none/api/offer", json=offer)
    assert unknown.status_code == 404


def test_daily_without_a_key_says_what_to_do(open_reception: OpenReception) -> None:
    answer = open_reception().client.post("/start", json={"transport": "daily"})
    assert answer.status_code == 503
    assert "DAILY_API_KEY" in answer.json()["error"]


def test_page_and_second_console_are_there_and_scripts_come_from_this_server_only(
    open_reception: OpenReception,
) -> None:
    client = open_reception().client
    assert client.get("/client/").status_code == 200
    policy = client.get("/healthz").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
