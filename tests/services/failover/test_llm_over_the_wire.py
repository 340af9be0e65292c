"""Pipecat's own OpenAI service, with another behind it, against providers that misbehave."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pipecat.frames.frames import Frame, LLMContextFrame, LLMFullResponseEndFrame, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from rehearsal.standins import Rule, Script, StandIns
from services.choice import choose
from services.failover.incident import Failure, Incident
from services.failover.llm.backed import BackedLLM
from services.provider import Wish
from settings import Settings
from tests.processors.probed_pipeline import probed_pipeline

WHOLE = "Your order left on Monday. It will arrive on Thursday, between nine and eleven."
ANSWERS = Script(
    replies=(
        Rule(say=WHOLE, after="find_order"),
        Rule(when="number", call="find_order", arguments={"order_number": "47291"}),
        Rule(say=WHOLE),
    )
)

RAN: list[str] = []


async def find_order(params: FunctionCallParams, order_number: str) -> None:
    """Look up an order.

    Args:
        order_number: Digits only.
    """
    RAN.append(order_number)
    await params.result_callback({"state": "sent"})


@pytest.fixture
async def providers() -> AsyncIterator[StandIns]:
    RAN.clear()
    async with StandIns(profile="none", seed=1, script=ANSWERS) as house:
        yield house


async def answer_to(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch, words: str, *names: str
) -> tuple[str, list[Incident]]:
    """What the caller would hear, and who failed."""
    for name, value in providers.env(*dict.fromkeys(names)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LLM", ",".join(dict.fromkeys(names)))
    monkeypatch.setenv("LLM_DEADLINE_MS", "400")
    wish = Wish(instructions="Be brief.")
    incidents: list[Incident] = []
    chosen = [c for c in choose(Settings.load())["llm"] if not c.provider.stand_in]
    llm = BackedLLM(
        [(c.name, c.build(wish), c.health) for c in chosen],  # type: ignore[misc]
        report=incidents.append,
    )
    context: Any = LLMContext([{"role": "user", "content": words}], [find_order])
    async with asyncio.timeout(20), probed_pipeline(llm) as rig:
        whole = asyncio.Event()

        @rig.tail.event_handler("on_after_process_frame")
        async def _(_: object, frame: Frame) -> None:
            if isinstance(frame, LLMFullResponseEndFrame):
                whole.set()

        await rig.head.push_frame(LLMContextFrame(context=context))
        await whole.wait()
        text = "".join(frame.text for frame in rig.reached_the_end(LLMTextFrame))
    return text, incidents


FAULTS = [
    ("refuse", {}, Failure.REFUSED),
    ("never_answers", {}, Failure.SILENT),
    ("http_401", {}, Failure.REFUSED),
    ("http_429", {"seconds": 30}, Failure.REFUSED),
    ("http_500", {}, Failure.REFUSED),
    ("http_503", {}, Failure.REFUSED),
    ("late", {"seconds": 5}, Failure.SILENT),
    ("close", {"after": 0}, Failure.REFUSED),
    ("close", {"after": 5}, Failure.CUT),
    ("stall", {"after": 5}, Failure.STALLED),
    ("keep_alives", {"seconds": 0.1}, Failure.SILENT),
    ("blank_text", {}, Failure.EMPTY),
    ("malformed_json", {"after": 0}, Failure.REFUSED),
    ("malformed_json", {"after": 4}, Failure.CUT),
]


@pytest.mark.parametrize(("kind", "more", "how"), FAULTS)
async def test_answer_is_heard_once_whatever_the_first_model_does(
    providers: StandIns,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    more: dict[str, Any],
    how: Failure,
) -> None:
    providers.fault("openai", kind, **more)
    text, incidents = await answer_to(providers, monkeypatch, "where is it", "openai", "groq")
    assert text.split() == WHOLE.split()
    assert [incident.provider for incident in incidents] == ["openai"]
    assert incidents[0].how == how


@pytest.mark.parametrize("kind", ["cut_arguments", "unknown_tool", "never_answers", "http_500"])
async def test_tool_runs_once_whatever_the_first_model_asks_for(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    providers.fault("openai", kind)
    await answer_to(providers, monkeypatch, "the number is 47291", "openai", "groq")
    assert RAN == ["47291"]


@pytest.mark.parametrize("kind", ["never_answers", "close", "stall", "blank_text"])
async def test_single_model_that_failed_once_is_asked_again(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    providers.fault("openai", kind, last=1)
    text, _ = await answer_to(providers, monkeypatch, "where is it", "openai")
    assert text.split() == WHOLE.split()
