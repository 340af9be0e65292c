"""Pipecat's own services, with the built-in voice behind them, against providers at fault."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pipecat.frames.frames import LLMFullResponseEndFrame, TTSAudioRawFrame, TTSStoppedFrame

from rehearsal.standins import StandIns
from rehearsal.voice import speak
from services.choice import choose
from services.embedded.tts import EspeakTTSService
from services.failover.incident import Failure, Incident
from services.provider import Wish
from settings import Settings
from tests.services.failover.tts_fakes import Ear, call, health, reply

FIRST = "Your parcel with the two lamps left our house on Monday, the 23rd."
SECOND = "It costs $42.50 in all, and comes to your door."


@pytest.fixture
async def providers() -> AsyncIterator[StandIns]:
    async with StandIns(profile="none", seed=1) as house:
        yield house


async def heard_from(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch, name: str
) -> tuple[Ear, list[Incident]]:
    """What comes of a reply that this provider is asked to say first."""
    for variable, value in providers.env(name).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("TTS", name)
    lead: Any = choose(Settings.load())["tts"][0].build(Wish())
    healths = [health(400), health(5000)]
    async with call(lead, EspeakTTSService(), healths=healths) as made:
        await made.say(FIRST, SECOND)
        await made.ear.until(LLMFullResponseEndFrame)
    return made.ear, made.incidents


@pytest.mark.parametrize("name", ["cartesia", "elevenlabs", "openai"])
async def test_a_provider_without_a_fault_says_it_alone(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    ear, incidents = await heard_from(providers, monkeypatch, name)
    assert incidents == []
    assert ear.remembered == f"{FIRST} {SECOND}"


@pytest.mark.parametrize(
    ("name", "kind", "more", "how"),
    [
        ("cartesia", "refuse", {}, Failure.REFUSED),
        ("cartesia", "never_opens", {}, Failure.SILENT),
        ("cartesia", "never_answers", {}, Failure.SILENT),
        ("cartesia", "http_401", {}, Failure.REFUSED),
        ("cartesia", "close", {"after": 5}, Failure.CUT),
        ("cartesia", "stall", {"after": 4}, Failure.STALLED),
        ("cartesia", "no_audio", {}, Failure.EMPTY),
        ("cartesia", "wrong_rate", {}, Failure.NONSENSE),
        ("elevenlabs", "never_answers", {}, Failure.SILENT),
        ("elevenlabs", "close", {"after": 5}, Failure.CUT),
        ("elevenlabs", "stall", {"after": 4}, Failure.STALLED),
        ("elevenlabs", "keep_alives", {"seconds": 0.1}, Failure.SILENT),
        ("openai", "http_503", {}, Failure.REFUSED),
        ("openai", "close", {"after": 5}, Failure.REFUSED),
        ("openai", "late", {"seconds": 5}, Failure.SILENT),
        ("openai", "no_audio", {}, Failure.EMPTY),
    ],
)
async def test_every_word_is_remembered_once_whatever_the_first_provider_does(
    providers: StandIns,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    kind: str,
    more: dict[str, Any],
    how: Failure,
) -> None:
    providers.fault("openai-speech" if name == "openai" else name, kind, **more)
    ear, incidents = await heard_from(providers, monkeypatch, name)
    assert [(i.provider, i.how, i.went_to) for i in incidents] == [("a", how, "b")]
    assert ear.remembered == f"{FIRST} {SECOND}"
    assert ear.of(TTSAudioRawFrame)
    assert len(ear.of(TTSStoppedFrame)) == 1


async def test_a_sentence_behind_a_broken_connection_is_not_taken_for_the_lost_one(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service connects again and says what it is given next."""
    providers.fault("cartesia", "close", first=1, last=1, after=3)
    for variable, value in providers.env("cartesia").items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("TTS", "cartesia")
    lead: Any = choose(Settings.load())["tts"][0].build(Wish())
    async with call(lead, EspeakTTSService(), healths=[health(60_000)] * 2) as made:
        begin, *rest = reply(f"{FIRST} It", SECOND.removeprefix("It "))
        await made.worker.queue_frames([begin, rest.pop(0)])
        await providers.house.until("cartesia", "connection", 2)
        await made.worker.queue_frames(rest)
        await made.ear.until(LLMFullResponseEndFrame)
    assert [(i.provider, i.how, i.went_to) for i in made.incidents] == [("a", Failure.CUT, "b")]
    assert made.ear.remembered == f"{FIRST} {SECOND}"
    spoken_s = sum(f.num_frames / f.sample_rate for f in made.ear.of(TTSAudioRawFrame))
    assert spoken_s > 0.9 * (await speak(f"{FIRST} {SECOND}", 8000)).duration_s
