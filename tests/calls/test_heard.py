"""What a conversation remembers of a bot that is interrupted: the words that were played."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from pipecat.frames.frames import (
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    FunctionCallsStartedFrame,
    InterruptionFrame,
)

from calls.heard.utterance import CUT
from tests.calls.heard_call import Heard, HeardCall, Line, heard_call, sentences
from tests.services.failover.tts_fakes import reply
from tests.virtual_time import in_virtual_time

TURNS = 5
QUIET_S = 2.0
LETTERS_A_S = 12.0


@dataclass
class Turn:
    """One answer: what was written, played and kept of it.

    Attributes:
        cut: Whether the caller barged in.
        written: All words of the answer.
        played: Those in the audio.
        kept: Those in the context.
        told: Those in the call's record.
    """

    cut: bool
    written: Sequence[str]
    played: Sequence[Heard]
    kept: Sequence[str]
    told: Sequence[str]

    def is_kept_within(self, words: int) -> bool:
        """Whether no more words than that are missing or too many; a cut word counts either way."""
        whole = sum(word.part > 0.95 for word in self.played)
        return whole - words <= len(self.kept) <= len(self.played) + words


def plain(words: Sequence[str]) -> list[str]:
    return [word.removesuffix(CUT) for word in words]


async def answer(call: HeardCall, rng: random.Random, *, timed: bool) -> Turn:
    """A turn of which everything but the caller's words is left to chance."""
    texts = sentences(rng, rng.randint(1, 4))
    call.context.add_message({"role": "user", "content": "Go on."})
    messages, lines = len(call.context.messages), len(call.record.lines)
    played = len(call.played())
    tool = f"call-{messages}" if rng.random() < 0.3 else ""
    await call.give(*reply(*texts[:1]), *(tool_asked(tool) if tool else ()))
    await call.give(*reply(*texts[1:]) if texts[1:] else ())
    longest_s = sum(map(len, texts)) / LETTERS_A_S + 1
    cut = rng.random() < 0.8
    await asyncio.sleep(rng.uniform(0.0, longest_s) if cut else 2 * longest_s + 3)
    if cut:
        await call.give(InterruptionFrame())
    await asyncio.sleep(QUIET_S)
    if tool:
        await call.give(tool_answered(tool))
        await asyncio.sleep(0.1)
    kept = call.context.messages[messages:]
    said = [str(m["content"]) for m in kept if m["role"] == "assistant" and m.get("content")]  # type: ignore[index, union-attr]
    if tool:
        results = [m for m in kept if m["role"] == "tool"]  # type: ignore[index]
        assert [m["content"] for m in results] == ['{"tool": "' + tool + '"}']  # type: ignore[index]
    return Turn(
        cut,
        " ".join(texts).split(),
        call.played()[played:],
        " ".join(said).split(),
        " ".join(line["text"] for line in call.record.lines[lines:]).split(),
    )


def tool_asked(call_id: str) -> tuple[FunctionCallsStartedFrame, FunctionCallInProgressFrame]:
    started = FunctionCallFromLLM("find", call_id, {}, None)
    return (
        FunctionCallsStartedFrame([started]),
        FunctionCallInProgressFrame("find", call_id, {}, cancel_on_interruption=True),
    )


def tool_answered(call_id: str) -> FunctionCallResultFrame:
    properties = FunctionCallResultProperties(run_llm=False)
    return FunctionCallResultFrame("find", call_id, {}, {"tool": call_id}, properties=properties)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("timed", [True, False], ids=["words timed", "words not timed"])
@pytest.mark.parametrize("line", ["web", "phone"])
def test_memory_is_what_was_played_whenever_the_caller_barges_in(
    line: Line, timed: bool, seed: int
) -> None:
    @in_virtual_time
    async def story() -> None:
        rng = random.Random(seed)
        async with heard_call(rng, line=line, timed=timed) as call:
            for _ in range(TURNS):
                turn = await answer(call, rng, timed=timed)
                assert plain(turn.kept[:-1]) == turn.written[: len(turn.kept[:-1])]
                assert turn.is_kept_within(1 if timed else 2), turn
                assert turn.told == turn.kept
                if not turn.cut:
                    assert turn.kept == turn.written

    story()
