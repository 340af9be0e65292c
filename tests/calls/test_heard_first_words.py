"""What a conversation remembers of speech that begins with a clause, or comes from memory."""

import asyncio
import random
from pathlib import Path

import pytest
from pipecat.frames.frames import (
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)

from calls.heard.utterance import CUT
from services.phrases.cache import PhraseCache
from services.phrases.repertoire import Repertoire
from tests.calls.heard_call import Line, heard_call
from tests.virtual_time import in_virtual_time

ANSWER = (
    "Your green parcel left here this morning, and it should be with you by noon tomorrow. "
    "Please tell me if there was anything else that I can do for anybody."
)
GREETING = "Hello, welcome to our little shop of lamps, how can I help?"


def plain(text: str) -> list[str]:
    return [word.removesuffix(CUT) for word in text.split()]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("timed", [True, False], ids=["words timed", "words not timed"])
@pytest.mark.parametrize("line", ["web", "phone"])
def test_an_answer_that_began_with_a_clause_is_remembered_as_it_was_heard(
    line: Line, timed: bool, seed: int
) -> None:
    @in_virtual_time
    async def story() -> None:
        rng = random.Random(seed)
        async with heard_call(rng, line=line, timed=timed) as call:
            await call.give(LLMFullResponseStartFrame())
            for word in ANSWER.split():
                await call.give(LLMTextFrame(f"{word} "))
                await asyncio.sleep(rng.uniform(0.0, 0.1))
            await call.give(LLMFullResponseEndFrame())
            cut = seed % 2 == 0
            await asyncio.sleep(rng.uniform(0.0, 8.0) if cut else 20.0)
            if cut:
                await call.give(InterruptionFrame())
                await asyncio.sleep(1.0)
            played = len(call.played())
            kept = plain(" ".join(call.said_in_context()))
            assert kept[:-1] == ANSWER.split()[: len(kept[:-1])]
            assert abs(len(kept) - played) <= (1 if timed else 2)
            if not cut:
                assert call.said_in_context() == [ANSWER]

    story()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("timed", [True, False], ids=["words timed", "words not timed"])
@pytest.mark.parametrize("line", ["web", "phone"])
def test_a_phrase_from_memory_is_remembered_as_it_was_heard(
    line: Line, timed: bool, seed: int, tmp_path: Path
) -> None:
    @in_virtual_time
    async def story() -> None:
        rng = random.Random(seed)
        repertoire = Repertoire(
            PhraseCache(tmp_path / "phrases", most_bytes=10_000_000), (GREETING,)
        )
        async with heard_call(rng, line=line, timed=timed, repertoire=repertoire) as call:
            await call.give(TTSSpeakFrame(GREETING))
            await asyncio.sleep(15.0)
            assert call.said_in_context() == [GREETING]
            assert len(repertoire.cache) == 1
            call.line.played.clear()
            call.context.set_messages([])
            await call.give(TTSSpeakFrame(GREETING))
            await asyncio.sleep(rng.uniform(0.0, 5.0))
            await call.give(InterruptionFrame())
            await asyncio.sleep(1.0)
            played = len(call.played())
            kept = plain(" ".join(call.said_in_context()))
            assert kept[:-1] == GREETING.split()[: len(kept[:-1])]
            assert abs(len(kept) - played) <= (1 if timed else 2)

    story()
