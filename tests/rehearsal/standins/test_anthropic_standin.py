"""Pipecat's own Anthropic service against the stand-in."""

import asyncio
from typing import Any

import pytest
from on_stage import asked, on_stage
from pipecat.frames.frames import ErrorFrame, LLMFullResponseEndFrame, LLMTextFrame, MetricsFrame
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.services.llm_service import FunctionCallParams

from rehearsal.standins import Rule, Script, StandIns

anthropic = pytest.importorskip("anthropic")


def claude(providers: StandIns) -> Any:
    from pipecat.services.anthropic.llm import AnthropicLLMService

    return AnthropicLLMService(
        api_key="a-key",
        client=client(providers),
        settings=AnthropicLLMService.Settings(model="claude-haiku-4-5"),
    )


def client(providers: StandIns) -> Any:
    return anthropic.AsyncAnthropic(
        api_key="a-key", base_url=providers.url("anthropic"), max_retries=0
    )


async def test_answer_is_streamed_and_its_cost_told(providers: StandIns) -> None:
    providers.house.script = Script(replies=(Rule(say="Your order is on its way."),))
    async with on_stage(claude(providers)) as stage:
        await stage.send(asked("where is my order"))
        await stage.until(LLMFullResponseEndFrame)
        await stage.until(
            MetricsFrame,
            lambda frame: any(isinstance(data, LLMUsageMetricsData) for data in frame.data),
        )
    assert stage.text == "Your order is on its way."
    assert len(stage.of(LLMTextFrame)) == 6


async def test_tool_is_called_and_its_result_told(providers: StandIns) -> None:
    calls: asyncio.Queue[str] = asyncio.Queue()

    async def find_order(params: FunctionCallParams, order_number: str) -> None:
        """Look up an order.

        Args:
            order_number: Four to eight digits.
        """
        calls.put_nowait(order_number)
        await params.result_callback({"say": "It is in the van."})

    call = Rule(when="order", call="find_order", arguments={"order_number": "47291"})
    providers.house.script = Script(replies=(call,))
    async with on_stage(claude(providers)) as stage:
        await stage.send(asked("where is my order", tools=[find_order]))
        assert await asyncio.wait_for(calls.get(), 15) == "47291"


async def test_result_in_the_history_is_told(providers: StandIns) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "find_order", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": '{"say": "In the van."}'}
    answer = await create(providers, ("assistant", [use]), ("user", [result]))
    assert answer.content[0].text == "In the van."
    assert answer.stop_reason == "end_turn"


async def test_unanswered_tool_use_in_the_history_is_refused(providers: StandIns) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "find_order", "input": {}}
    with pytest.raises(anthropic.BadRequestError, match=r"without `tool_result` blocks"):
        await create(providers, ("assistant", [use]), ("user", "hello?"))


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_refusals_come_with_their_status(providers: StandIns, status: int) -> None:
    providers.fault("anthropic", f"http_{status}", seconds=7)
    with pytest.raises(anthropic.APIStatusError) as raised:
        await create(providers, ("user", "hello"))
    assert raised.value.status_code == status
    assert raised.value.response.headers.get("retry-after") == ("7" if status == 429 else None)


async def test_answer_that_breaks_off_is_an_error_after_its_first_words(
    providers: StandIns,
) -> None:
    providers.house.script = Script(replies=(Rule(say="one two three four"),))
    providers.fault("anthropic", "close", after=2)
    async with on_stage(claude(providers)) as stage:
        await stage.send(asked("count"))
        await stage.until(ErrorFrame)
    assert stage.text == "one two"


async def test_cut_arguments_call_no_tool(providers: StandIns) -> None:
    rule = Rule(call="find_order", arguments={"order_number": "47291"})
    providers.house.script = Script(replies=(rule,))
    providers.fault("anthropic", "cut_arguments")
    async with on_stage(claude(providers)) as stage:
        await stage.send(asked("where is my order"))
        await stage.until(LLMFullResponseEndFrame)
    assert not stage.text


async def test_tool_that_nobody_declared_is_called(providers: StandIns) -> None:
    from rehearsal.standins.thinking import UNKNOWN_TOOL

    providers.fault("anthropic", "unknown_tool")
    answer = await create(providers, ("user", "hello"))
    assert (answer.content[0].name, answer.stop_reason) == (UNKNOWN_TOOL, "tool_use")


async def create(providers: StandIns, *messages: tuple[str, Any]) -> Any:
    async with client(providers) as asking:
        return await asking.messages.create(
            model="claude-haiku-4-5",
            max_tokens=100,
            messages=[{"role": role, "content": content} for role, content in messages],
        )
