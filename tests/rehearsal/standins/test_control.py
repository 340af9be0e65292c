"""What a bench in another process can tell the stand-ins, and what it is told."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from rehearsal.standins import KEY, StandIns


class Bench:
    """A client of the control endpoint."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        kept = {"json": body} if body is not None else {}
        async with self._session.request(method, f"/control{path}", **kept) as response:
            return response.status, await response.json()


@pytest.fixture
async def bench(providers: StandIns) -> AsyncIterator[Bench]:
    async with aiohttp.ClientSession(providers.control_url) as session:
        yield Bench(session)


async def ask(providers: StandIns, name: str = "openai", path: str = "/v1") -> tuple[int, Any]:
    """One completion of a caller's words, not streamed."""
    body = {"model": "m", "messages": [{"role": "user", "content": "where is my order"}]}
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{providers.url(name)}{path}/chat/completions"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json=body) as response,
    ):
        return response.status, await response.json()


async def test_fault_hits_the_requests_it_is_ordered_for(providers: StandIns, bench: Bench) -> None:
    order = {"kind": "http_503", "first": 2, "last": 3}
    assert await bench("PUT", "/faults/openai", order) == (200, {"ok": True})
    assert [(await ask(providers))[0] for _ in range(4)] == [200, 503, 503, 200]


async def test_faults_of_one_provider_leave_another_alone(
    providers: StandIns, bench: Bench
) -> None:
    await bench("PUT", "/faults/openai", [{"kind": "http_500"}])
    assert (await ask(providers))[0] == 500
    assert (await ask(providers, "groq", "/openai/v1"))[0] == 200
    assert (await ask(providers, "vllm"))[0] == 200


async def test_fault_by_chance_is_the_same_for_the_same_seed(
    providers: StandIns, bench: Bench
) -> None:
    async def statuses() -> list[int]:
        await bench("POST", "/reset", {"seed": 5})
        await bench("PUT", "/faults/openai", {"kind": "http_500", "probability": 0.5})
        return [(await ask(providers))[0] for _ in range(12)]

    first = await statuses()
    assert set(first) == {200, 500}
    assert await statuses() == first


async def test_fault_for_certain_words_hits_only_these(providers: StandIns, bench: Bench) -> None:
    await bench("PUT", "/faults/openai", {"kind": "http_500", "match": "refund"})
    assert (await ask(providers))[0] == 200
    await bench("PUT", "/faults/openai", {"kind": "http_500", "match": "ORDER"})
    assert (await ask(providers))[0] == 500


async def test_cleared_faults_hit_nobody(providers: StandIns, bench: Bench) -> None:
    await bench("PUT", "/faults/openai", {"kind": "http_500"})
    await bench("PUT", "/faults/groq", {"kind": "http_500"})
    await bench("DELETE", "/faults/openai")
    assert (await bench("GET", "/faults"))[1].keys() == {"groq"}
    await bench("DELETE", "/faults")
    assert (await bench("GET", "/faults"))[1] == {}


async def test_requests_can_be_read_and_forgotten(providers: StandIns, bench: Bench) -> None:
    await ask(providers)
    _, told = await bench("GET", "/requests?seat=openai&level=turn")
    assert told["counts"] == {"openai": {"connection": 1, "turn": 1}}
    [request] = told["requests"]
    assert request["asked"]["messages"][-1]["content"] == "where is my order"
    await bench("DELETE", "/requests")
    assert (await bench("GET", "/requests"))[1] == {"counts": {}, "requests": []}


async def test_script_is_followed(providers: StandIns, bench: Bench) -> None:
    script = {"replies": [{"when": "order", "say": "It is on its way."}], "transcripts": ["hello"]}
    assert (await bench("PUT", "/script", script))[0] == 200
    _, answer = await ask(providers)
    assert answer["choices"][0]["message"]["content"] == "It is on its way."
    assert providers.house.script.transcript("deepgram", 1) == "hello"


async def test_everything_can_be_seen(providers: StandIns, bench: Bench) -> None:
    _, seen = await bench("GET", "")
    assert seen["urls"]["openai"] == providers.url("openai")
    assert seen["seats"]["deepgram"]["speaks"] == "deepgram-live"
    assert seen["kinds"]["stall"]["uses"] == ["after"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("PUT", "/faults/openai", {"kind": "stal"}, 422, 'there is no fault "stal"; there are re'),
        ("PUT", "/faults/openai", {"kind": "late", "secs": 3}, 422, "secs: there is nothing of"),
        ("PUT", "/faults/openai", {"kind": "late", "seconds": -1}, 422, "seconds: it should be"),
        ("PUT", "/faults/openai", [{"kind": "late", "after": "x"}], 422, "0.after: it should be"),
        ("PUT", "/faults/openai", {}, 422, "kind: Field required."),
        ("PUT", "/faults/openai", {"kind": "late", "first": 3, "last": 2}, 422, "ast=2 comes befo"),
        ("PUT", "/faults/openai", {"kind": "late", "match": "("}, 422, "is no regular expression"),
        ("PUT", "/faults/openai", {"kind": "no_audio"}, 422, "openai cannot have the fault no_aud"),
        ("PUT", "/faults/nobody", {"kind": "late"}, 404, 'There is no "nobody". There are: deepgr'),
        ("PUT", "/latencies", {"profile": "quick"}, 422, "profile: it should be 'none', 'fast' or"),
        ("PUT", "/latencies/openai", {"final": 3}, 422, 'openai has no step "final". It has: fir'),
        (
            "PUT",
            "/latencies/openai",
            {"first": {"median_ms": 9, "p99_ms": 3}},
            422,
            "p99_ms=3 lies",
        ),
        ("PUT", "/script", {"replies": [{}]}, 422, 'replies.0: a rule needs "say" or "call"'),
        ("PUT", "/script", {"transcripts": {"openai": ["x"]}}, 422, "openai: transcripts are for"),
        ("DELETE", "/connections/nobody", None, 404, 'There is no "nobody"'),
        ("GET", "/requests?level=word", None, 422, "should be '', 'connection' or 'turn'"),
    ],
)
async def test_wrong_order_is_answered_with_a_sentence(
    bench: Bench, method: str, path: str, body: Any, status: int, sentence: str
) -> None:
    answered = await bench(method, path, body)
    assert answered[0] == status
    assert sentence in answered[1]["error"]


async def test_body_that_is_no_json_is_answered_with_a_sentence(providers: StandIns) -> None:
    url = f"{providers.control_url}/control/script"
    async with aiohttp.ClientSession() as session, session.put(url, data="hello") as response:
        assert response.status == 422
        assert await response.json() == {"error": "The body is not JSON."}
