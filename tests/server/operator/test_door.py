"""Who may look at calls: this machine, who signed in, or who a trusted proxy names."""

from pathlib import Path

import pytest

from server.app import create_app
from server.operator.access_log import AGAIN_S, AccessLog
from server.operator.attempts import ATTEMPTS, WINDOW_S, Attempts
from server.operator.sessions import SESSION_S, Sessions
from settings import SettingsError
from tests.server.operator.operator_house import HERE, TOKEN, house_of, opened

BEARER = {"Authorization": f"Bearer {TOKEN}"}
PAGES = ("/calls", "/calls/CA1", "/dashboard")
INTERFACES = (
    "/api/calls",
    "/api/calls/choices",
    "/api/calls/CA1",
    "/api/calls/CA1/stream",
    "/api/calls/CA1/sound.wav",
    "/api/calls/CA1/waveform",
    "/api/calls/CA1/listen",
    "/api/figures",
    "/api/export/calls.csv",
    "/api/export/figures.json",
    "/api/operator/session",
)


def test_this_machine_needs_no_token(tmp_path: Path) -> None:
    with opened(tmp_path) as operators:
        assert operators.client.get("/calls").status_code == 200
        assert operators.client.get("/api/calls").json() == {"rows": [], "next": None}


def test_server_that_others_reach_does_not_start_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="OPERATOR_TOKEN"):
        create_app(house_of(tmp_path, host="0.0.0.0"))
    create_app(house_of(tmp_path, host="0.0.0.0", token=TOKEN))
    create_app(house_of(tmp_path, host="0.0.0.0", operator_header="X-Forwarded-User"))


def test_whoever_is_not_at_this_machine_is_told_to_set_a_token(tmp_path: Path) -> None:
    with opened(tmp_path) as operators:
        others = [
            (operators.at(address="192.0.2.7"), {}),
            # A tunnel or a proxy on this machine, and a name that was bent to 127.0.0.1.
            (operators.at(), {"X-Forwarded-For": "192.0.2.7"}),
            (operators.at("http://evil.example"), {}),
        ]
        for client, headers in others:
            for path in (*PAGES, *INTERFACES):
                answer = client.get(path, headers=headers)
                assert answer.status_code == 403, path
                assert "OPERATOR_TOKEN" in answer.json()["error"]


def test_public_address_closes_the_pages_until_there_is_a_token(tmp_path: Path) -> None:
    with opened(tmp_path / "at-home", public_url="http://127.0.0.1:7860") as operators:
        assert operators.client.get("/api/calls").status_code == 200
    with opened(tmp_path, public_url="https://calls.example.com") as operators:
        assert operators.client.get("/api/calls").status_code == 403
        assert operators.client.get("/healthz").status_code == 200


def test_with_a_token_everything_is_closed_to_who_did_not_sign_in(tmp_path: Path) -> None:
    with opened(tmp_path, token=TOKEN) as operators:
        for path in INTERFACES:
            answer = operators.client.get(path)
            assert answer.status_code == 401, path
            assert "/sign-in" in answer.json()["error"]
        for path in PAGES:
            answer = operators.client.get(f"{path}?bot=other")
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?to=%2F")
        assert operators.client.get("/sign-in").status_code == 200


def test_who_signs_in_gets_a_cookie_that_no_script_and_no_other_site_can_use(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, token=TOKEN) as operators:
        for url, secure in ((HERE, False), ("https://calls.example.com", True)):
            client = operators.at(url)
            answer = client.post("/api/operator/session", json={"token": TOKEN})
            cookie = answer.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert ("secure" in cookie) is secure
            assert TOKEN not in cookie
            assert client.get("/api/calls").status_code == 200


def test_who_signs_out_is_out(tmp_path: Path) -> None:
    with opened(tmp_path, token=TOKEN) as operators:
        client = operators.signed_in()
        cookies = dict(client.cookies)
        csrf = client.get("/api/operator/session").json()["csrf_token"]
        client.delete("/api/operator/session", headers={"X-CSRF-Token": csrf})
        assert client.get("/api/calls").status_code == 401
        kept = operators.at()
        kept.cookies.update(cookies)
        assert kept.get("/api/calls").status_code == 401


def test_wrong_tokens_are_refused_and_then_made_to_wait(tmp_path: Path) -> None:
    with opened(tmp_path, token=TOKEN) as operators:
        client = operators.client
        for _ in range(ATTEMPTS):
            assert client.post("/api/operator/session", json={"token": "no"}).status_code == 401
        answer = client.post("/api/operator/session", json={"token": TOKEN})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert client.get("/api/calls", headers=BEARER).status_code == 403
        assert operators.at(address="192.0.2.8").get("/api/calls", headers=BEARER).is_success


def test_program_signs_in_with_the_token_itself(tmp_path: Path) -> None:
    with opened(tmp_path, token=TOKEN) as operators:
        assert operators.client.get("/api/calls", headers=BEARER).status_code == 200
        wrong = [(b"Authorization", "Bearer nonsense-ä".encode())]
        answer = operators.client.get("/api/calls", headers=wrong)
        assert answer.status_code == 401


def test_proxy_names_the_operator_only_from_its_own_address(tmp_path: Path) -> None:
    header = {"X-Forwarded-User": "ada@example.com"}
    with opened(tmp_path, operator_header="X-Forwarded-User") as operators:
        there = operators.at("https://calls.example.com")
        assert (
            there.get("/api/operator/session", headers=header).json()["who"] == header.popitem()[1]
        )
        assert there.get("/api/calls").status_code == 403
        elsewhere = operators.at("https://calls.example.com", address="192.0.2.7")
        header = {"X-Forwarded-User": "mallory"}
        assert elsewhere.get("/api/calls", headers=header).status_code == 403


@pytest.mark.parametrize("settings", [{}, {"token": TOKEN}])
def test_change_needs_the_token_of_these_pages(tmp_path: Path, settings: dict) -> None:
    with opened(tmp_path, **settings) as operators:
        client = operators.signed_in() if settings else operators.client
        csrf = client.get("/api/operator/session").json()["csrf_token"]
        path = "/api/calls/CA1/end"
        assert client.post(path).status_code == 403
        assert client.post(path, headers={"X-CSRF-Token": "guessed"}).status_code == 403
        own = {"X-CSRF-Token": csrf}
        for other in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert client.post(path, headers={**own, **other}).status_code == 403
        # It gets as far as looking for the call.
        assert client.post(path, headers={**own, "Origin": HERE}).status_code == 404


def test_other_site_cannot_sign_anybody_in(tmp_path: Path) -> None:
    with opened(tmp_path, token=TOKEN) as operators:
        answer = operators.client.post(
            "/api/operator/session",
            json={"token": TOKEN},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
        assert answer.status_code == 403


def test_pages_run_no_script_but_the_servers_own_and_stand_in_no_frame(tmp_path: Path) -> None:
    with opened(tmp_path) as operators:
        for path in (*PAGES, "/sign-in"):
            policy = operators.client.get(path).headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy


def test_every_look_is_in_the_access_log(tmp_path: Path) -> None:
    with opened(tmp_path, token=TOKEN) as operators:
        client = operators.signed_in()
        client.get("/api/calls?q=card number&bot=order_support")
        client.get("/api/figures")
        client.get("/api/export/calls.csv")
        assert operators.looks() == [
            ("Ada", "calls bot=order_support text=…"),
            ("Ada", "figures"),
            ("Ada", "export of calls as csv"),
        ]


def test_page_that_asks_again_and_again_is_in_the_access_log_once_a_minute(tmp_path: Path) -> None:
    now_s = 0.0
    with opened(tmp_path) as operators:
        state = operators.client.app.state  # pyright: ignore
        state.access_log = AccessLog(state.records, now=lambda: now_s)
        for _ in range(3):
            operators.client.get("/api/figures")
        operators.client.get("/api/calls")
        assert [what for _, what in operators.looks()] == ["figures", "calls"]
        now_s = AGAIN_S
        operators.client.get("/api/figures")
        assert [what for _, what in operators.looks()] == ["figures", "calls", "figures"]


def test_other_site_cannot_make_a_browser_here_ask_for_calls(tmp_path: Path) -> None:
    with opened(tmp_path) as operators:
        for path in INTERFACES:
            answer = operators.client.get(path, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status_code == 403, path


def test_session_ends_by_itself_and_with_its_token() -> None:
    now_s = 1000.0
    sessions = Sessions(TOKEN, now=lambda: now_s)
    session, cookie = sessions.begin("Ada")
    assert sessions.read(cookie) == session
    # Another process with the same token, such as this one after a restart.
    assert Sessions(TOKEN, now=lambda: now_s).read(cookie) == session
    assert Sessions("another token of the house", now=lambda: now_s).read(cookie) is None
    for forged in ("", ".", "x.y", cookie[:-2], "A" + cookie, cookie + "A", "ä.ö"):
        assert sessions.read(forged) is None
    now_s += SESSION_S
    assert sessions.read(cookie) is None


def test_attempts_are_forgotten_after_a_while() -> None:
    now_s = 0.0
    attempts = Attempts(now=lambda: now_s)
    for _ in range(ATTEMPTS):
        assert attempts.wait_s("192.0.2.7") == 0
        attempts.failed("192.0.2.7")
    assert attempts.wait_s("192.0.2.7") == WINDOW_S
    assert attempts.wait_s("192.0.2.8") == 0
    now_s = WINDOW_S
    assert attempts.wait_s("192.0.2.7") == 0
