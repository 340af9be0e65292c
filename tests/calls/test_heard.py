"""What a conversation remembers of a bot that is interrupted: the words that were played."""

import asyncio
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pipecat.frames.frames import (
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    FunctionCallsStartedFrame,
    InterruptionFrame,
)

from calls.heard.utterance import CUT
from tests.calls.heard_call import (
    Dies,
    Garbles,
    Heard,
    HeardCall,
    Line,
    Told,
    heard_call,
    sentences,
)
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


async def answer(call: HeardCall, rng: random.Random) -> Turn:
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


ASKED_FIRST = ([], [], [Dies], [Garbles], [Dies, Garbles])


@pytest.mark.parametrize("timed", [True, False], ids=["words timed", "words not timed"])
@pytest.mark.parametrize("line", ["web", "phone"])
# A seed has nothing to be made smaller.
@settings(
    max_examples=int(os.environ.get("CALLS_PER_PROPERTY", "4")),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
)
@given(seed=st.integers(0, 2**32), asked_first=st.sampled_from(ASKED_FIRST))
def test_memory_is_what_was_played_whenever_the_caller_barges_in(
    line: Line, timed: bool, seed: int, asked_first: Sequence[type[Told]]
) -> None:
    @in_virtual_time
    async def story() -> Sequence[Turn]:
        rng = random.Random(seed)
        async with heard_call(rng, line=line, timed=timed, asked_first=asked_first) as call:
            return [await answer(call, rng) for _ in range(TURNS)]

    each = 1 if timed else 2
    for turn in story():
        assert in_order(turn.kept, turn.written)
        # What is taken back interrupts whatever is still to be played before it.
        assert turn.is_kept_within(each * (1 + (Garbles in asked_first))), turn
        assert turn.told == turn.kept
        if Garbles not in asked_first:
            assert in_order(turn.kept, turn.written[: len(turn.kept)])
            assert turn.cut or turn.kept == turn.written


def in_order(kept: Sequence[str], written: Sequence[str]) -> bool:
    """Whether all words are written ones, each no more often and none before its turn."""
    left = iter(written)
    return all(
        any(word.startswith(k.removesuffix(CUT)) if k.endswith(CUT) else word == k for word in left)
        for k in kept
    )
