"""A house of stand-ins as a whole: addresses, seats, and what is left when it closes."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from wire_clients import CLIENTS, SHORT_S, ask_twilio, openai_chat

from rehearsal.standins import KEY, Rule, Script, StandIns
from services.choice import choose
from settings import Settings


async def test_variables_lead_a_server_to_the_stand_ins(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in providers.env().items():
        monkeypatch.setenv(name, value)
    chosen = choose(Settings.load())
    firsts = {stage: rows[0].provider.name for stage, rows in chosen.items()}
    assert firsts == {"stt": "deepgram", "llm": "openai", "tts": "cartesia"}
    for rows in chosen.values():
        address = rows[0].provider.address(rows[0].settings)
        assert urlsplit(str(address)).port == urlsplit(providers.url(rows[0].provider.name)).port


async def test_variables_of_named_providers_are_complete(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in providers.env("groq", "vllm", "twilio", "daily").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LLM", "groq,vllm")
    settings = Settings.load()
    groq, vllm, *_ = choose(settings)["llm"]
    assert groq.provider.address(groq.settings) == f"{providers.url('groq')}/openai/v1"
    assert vllm.provider.address(vllm.settings) == f"{providers.url('vllm')}/v1"
    assert settings.twilio_token == providers.twilio.auth_token
    assert settings.daily_api_url == providers.daily.api_url


async def test_everything_listens_on_this_machine_only(providers: StandIns) -> None:
    assert {urlsplit(url).hostname for url in providers.urls.values()} == {"127.0.0.1"}


async def test_copy_of_a_provider_has_seats_of_its_own() -> None:
    async with StandIns(profile="none", also={"backup": "openai"}) as providers:
        providers.house.script = Script(replies=(Rule(say="hello"),))
        providers.fault("openai", "http_500")
        assert (await openai_chat(providers, "openai")).status == 500
        assert (await openai_chat(providers, "backup")).status == 200
        assert "backup-speech" in providers.house.seats


async def test_request_without_a_key_is_refused(providers: StandIns) -> None:
    url = providers.url("openai") + "/v1/chat/completions"
    body = {"model": "m", "messages": []}
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        assert response.status == 401
    bearer = {"Authorization": "Bearer "}
    async with (
        aiohttp.ClientSession(headers=bearer) as session,
        session.post(url, json=body) as response,
    ):
        assert response.status == 401


async def test_faults_of_twilio_hit_its_rest_api(providers: StandIns) -> None:
    providers.twilio.add_call("CA1")
    providers.fault("twilio", "http_429", seconds=3, last=1)
    providers.fault("twilio", "malformed_json", first=1, last=1)
    refused, malformed, right = [await ask_twilio(providers, "CA1") for _ in range(3)]
    assert (refused.status, refused.headers.get("Retry-After")) == (429, "3")
    assert malformed.malformed
    assert right.messages[0]["sid"] == "CA1"


async def test_house_that_closes_leaves_nothing_running() -> None:
    tasks = asyncio.all_tasks()
    async with StandIns(profile="none") as providers:
        for seat in CLIENTS:
            if seat != "daily":
                providers.fault(seat, "never_answers")
        asking = [
            asyncio.create_task(ask(providers, seat, SHORT_S)) for seat, ask in CLIENTS.items()
        ]
        waited = (providers.house.until(seat, "turn", 1) for seat in CLIENTS)
        await asyncio.wait_for(asyncio.gather(*waited), 15)
    await asyncio.gather(*asking)
    assert asyncio.all_tasks() == tasks


async def test_process_of_its_own_says_where_it_is_and_ends_when_told(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "rehearsal.standins", "--latency", "none", "--also", "backup=deepgram"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        where = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        async with (
            aiohttp.ClientSession() as session,
            session.get(where["control"] + "/control") as response,
        ):
            seen = await response.json()
        assert seen["urls"]["backup"] == where["urls"]["backup"]
        assert where["env"]["DEEPGRAM_API_KEY"] == KEY
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
