"""A bot's phrases are spoken before a caller waits for them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from loguru import logger

from calls.said_in_advance import InAdvance, Part
from services.phrases.cache import PhraseCache
from services.phrases.repertoire import Repertoire
from services.provider import Wish
from tests.services.failover.tts_fakes import (
    FINE,
    HANGS,
    RATE_HZ,
    FakeVoice,
    Manner,
    StreamingVoice,
)
from tests.virtual_time import in_virtual_time

TEXTS = ("Hello, this is the shop.", "One moment please.", "We are open.")


@dataclass
class Provider:
    """Builds voices as a provider's row does."""

    manner: Manner = field(default_factory=Manner)
    name: str = "anna's"
    built: list[FakeVoice] = field(default_factory=list)

    def build(self, wish: Wish) -> FakeVoice:
        self.built.append(StreamingVoice(self.manner))
        return self.built[-1]

    @property
    def asked(self) -> list[str]:
        return [text for voice in self.built for text in voice.asked]


@pytest.fixture
def repertoire(tmp_path: Path) -> Repertoire:
    return Repertoire(PhraseCache(tmp_path / "phrases", most_bytes=10_000_000), TEXTS)


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(
        lambda message: lines.append(message.record["message"]),
        level="WARNING",
        filter=lambda record: record["name"] == "calls.said_in_advance",
    )
    yield lines
    logger.remove(sink)


def part(provider: Provider, repertoire: Repertoire, bot: str = "shop") -> Part:
    return Part(bot, cast(Any, provider), Wish(), repertoire, RATE_HZ)


def now() -> InAdvance:
    return InAdvance(lambda: asyncio.get_running_loop().time())


@in_virtual_time
async def test_everything_is_said_once_in_the_order_of_its_urgency(repertoire: Repertoire):
    provider, in_advance = Provider(), now()
    for _ in range(2):
        in_advance.begin(part(provider, repertoire))
        await in_advance.over()
    assert provider.asked == list(TEXTS)
    assert repertoire.lacks(provider.name, provider.built[0], RATE_HZ) == []


@in_virtual_time
async def test_the_next_start_says_only_what_is_missing(repertoire: Repertoire):
    provider = Provider()
    (first := now()).begin(part(provider, repertoire))
    await first.over()
    more = Repertoire(repertoire.cache, (*TEXTS, "And goodbye."))
    (second := now()).begin(part(provider, more))
    await second.over()
    assert provider.asked == [*TEXTS, "And goodbye."]


@in_virtual_time
async def test_a_provider_that_does_not_speak_is_named_and_left_alone_for_a_while(
    repertoire: Repertoire, log: list[str]
):
    provider, in_advance = Provider(HANGS), now()
    for _ in range(2):
        in_advance.begin(part(provider, repertoire))
        await in_advance.over()
    assert len(log) == len(provider.built) == 1
    assert "shop: anna's did not say its phrases in advance (empty)" in log[0]
    assert "switchboard doctor --connect" in log[0]
    provider.manner = FINE
    await asyncio.sleep(600)
    in_advance.begin(part(provider, repertoire))
    await in_advance.over()
    assert repertoire.lacks(provider.name, provider.built[0], RATE_HZ) == []


@in_virtual_time
async def test_a_provider_that_cannot_be_built_costs_a_line_in_the_log(
    repertoire: Repertoire, log: list[str]
):
    class Unbuilt(Provider):
        def build(self, wish: Wish) -> FakeVoice:
            raise ValueError("no such voice")

    (in_advance := now()).begin(part(Unbuilt(), repertoire))
    await in_advance.over()
    assert "no such voice" in log[0]


@in_virtual_time
async def test_bots_are_spoken_for_one_after_the_other(repertoire: Repertoire):
    provider, in_advance = Provider(), now()
    other = Repertoire(repertoire.cache, ("Another bot.",))
    in_advance.begin(part(provider, repertoire))
    in_advance.begin(part(provider, other, bot="desk"))
    await in_advance.over()
    assert provider.asked == [*TEXTS, "Another bot."]
    assert len(provider.built) == 2


@in_virtual_time
async def test_whoever_ends_the_process_leaves_nobody_speaking(repertoire: Repertoire):
    (in_advance := now()).begin(part(Provider(HANGS), repertoire))
    await asyncio.sleep(1)
    await in_advance.leave_off()
    assert asyncio.all_tasks() == {asyncio.current_task()}
