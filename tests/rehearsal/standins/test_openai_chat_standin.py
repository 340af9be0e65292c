"""Pipecat's own OpenAI language model service against the stand-in."""

import asyncio
from typing import Any

import pytest
from on_stage import Stage, asked, on_stage
from openai import AsyncOpenAI
from pipecat.frames.frames import ErrorFrame, LLMFullResponseEndFrame, LLMTextFrame, MetricsFrame
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService

from rehearsal.standins import Rule, Script, StandIns


def openai(providers: StandIns, name: str = "openai", path: str = "/v1") -> OpenAILLMService:
    return OpenAILLMService(
        api_key="a-key",
        base_url=providers.url(name) + path,
        retry_timeout_secs=60,
        settings=OpenAILLMService.Settings(model="gpt-4.1"),
    )


def says(text: str) -> Script:
    return Script(replies=(Rule(say=text),))


class Desk:
    """A tool that notes how it was called."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[str] = asyncio.Queue()

    async def find_order(self, params: FunctionCallParams, order_number: str) -> None:
        """Look up an order: where is it.

        Args:
            order_number: Four to eight digits.
        """
        self.calls.put_nowait(order_number)
        await params.result_callback({"say": f"Order {order_number} is in the van."})


async def answered(stage: Stage, *lines: str, tools: Any = ()) -> Stage:
    await stage.send(asked(*lines, tools=tools))
    await stage.until(LLMFullResponseEndFrame)
    return stage


async def test_answer_of_the_script_is_streamed_and_its_cost_told(providers: StandIns) -> None:
    providers.house.script = says("Your order is on its way.")
    async with on_stage(openai(providers)) as stage:
        await answered(stage, "where is my order")
    assert stage.text == "Your order is on its way."
    assert len(stage.of(LLMTextFrame)) == 6
    [usage] = [
        data.value
        for frame in stage.of(MetricsFrame)
        for data in frame.data
        if isinstance(data, LLMUsageMetricsData)
    ]
    assert usage.completion_tokens == 6
    assert usage.total_tokens == usage.prompt_tokens + 6


async def test_tool_is_called_as_the_script_says(providers: StandIns) -> None:
    providers.house.script = Script(
        replies=(Rule(when="order", call="find_order", arguments={"order_number": "47291"}),)
    )
    desk = Desk()
    async with on_stage(openai(providers)) as stage:
        await stage.send(asked("where is my order", tools=[desk.find_order]))
        assert await asyncio.wait_for(desk.calls.get(), 15) == "47291"


async def test_without_a_script_the_declared_tools_are_read(providers: StandIns) -> None:
    desk = Desk()
    async with on_stage(openai(providers)) as stage:
        await answered(stage, "where is my order", tools=[desk.find_order])
        assert stage.text == "What is the order number, please?"
        await stage.send(
            asked("where is my order", "four seven two nine one", tools=[desk.find_order])
        )
        assert await asyncio.wait_for(desk.calls.get(), 15) == "47291"


async def test_unanswered_tool_call_in_the_history_is_refused(providers: StandIns) -> None:
    client = AsyncOpenAI(api_key="a-key", base_url=providers.url("openai") + "/v1", max_retries=0)
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages: Any = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "user", "content": "hello?"},
    ]
    with pytest.raises(Exception, match=r"did not have response messages: call_1"):
        await client.chat.completions.create(model="m", messages=messages)
    await client.close()


async def test_answer_that_is_not_streamed_is_whole(providers: StandIns) -> None:
    providers.house.script = says("Hello.")
    client = AsyncOpenAI(api_key="a-key", base_url=providers.url("openai") + "/v1")
    answer = await client.chat.completions.create(
        model="gpt-4.1", messages=[{"role": "user", "content": "hi"}]
    )
    await client.close()
    assert answer.choices[0].message.content == "Hello."
    assert answer.usage
    assert answer.usage.completion_tokens == 1


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_refusals_come_with_their_status(providers: StandIns, status: int) -> None:
    providers.fault("openai", f"http_{status}", seconds=7)
    client = AsyncOpenAI(api_key="a-key", base_url=providers.url("openai") + "/v1", max_retries=0)
    with pytest.raises(Exception) as raised:  # noqa: PT011
        await client.chat.completions.create(model="m", messages=[])
    await client.close()
    error: Any = raised.value
    assert error.status_code == status
    assert error.response.headers.get("retry-after") == ("7" if status == 429 else None)


async def test_refused_connection_is_an_error_of_the_connection(providers: StandIns) -> None:
    providers.fault("openai", "refuse")
    client = AsyncOpenAI(api_key="a-key", base_url=providers.url("openai") + "/v1", max_retries=0)
    with pytest.raises(Exception, match="Connection error"):
        await client.chat.completions.create(model="m", messages=[])
    await client.close()


async def test_first_provider_fails_while_the_second_works(providers: StandIns) -> None:
    providers.house.script = says("Hello from somewhere.")
    providers.fault("openai", "http_401")
    async with on_stage(openai(providers)) as stage:
        await stage.send(asked("hello"))
        await stage.until(ErrorFrame)
    async with on_stage(openai(providers, "groq", "/openai/v1")) as stage:
        await answered(stage, "hello")
    assert stage.text == "Hello from somewhere."
    assert providers.house.counts()["groq"] == {"connection": 1, "turn": 1}


async def test_answer_that_breaks_off_is_an_error_after_its_first_words(
    providers: StandIns,
) -> None:
    providers.house.script = says("one two three four five")
    providers.fault("openai", "close", after=2)
    async with on_stage(openai(providers)) as stage:
        await stage.send(asked("count"))
        await stage.until(ErrorFrame)
    assert stage.text == "one two"


async def test_answer_that_stalls_neither_goes_on_nor_ends(providers: StandIns) -> None:
    providers.house.script = says("one two three four five")
    providers.fault("openai", "stall", after=2)
    async with on_stage(openai(providers)) as stage:
        await stage.send(asked("count"))
        await stage.until(LLMTextFrame, count=2)
        assert stage.text == "one two"
        assert not stage.of(LLMFullResponseEndFrame)


async def test_keep_alives_are_no_answer(providers: StandIns) -> None:
    import aiohttp

    providers.fault("openai", "keep_alives", seconds=0.01)
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    url = providers.url("openai") + "/v1/chat/completions"
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer k"}) as session,
        session.post(url, json=body) as response,
    ):
        lines = [await response.content.readline() for _ in range(6)]
    assert set(lines) == {b": keep-alive\n", b"\n"}


async def test_whole_turn_of_white_space(providers: StandIns) -> None:
    providers.fault("openai", "blank_text")
    async with on_stage(openai(providers)) as stage:
        await answered(stage, "hello")
    assert stage.text
    assert not stage.text.strip()


async def test_event_that_is_no_json_is_an_error(providers: StandIns) -> None:
    providers.house.script = says("one two three")
    providers.fault("openai", "malformed_json", after=1)
    async with on_stage(openai(providers)) as stage:
        await stage.send(asked("count"))
        await stage.until(ErrorFrame)
    assert stage.text == "one"


async def test_cut_arguments_do_not_reach_the_tool(providers: StandIns) -> None:
    providers.house.script = Script(
        replies=(Rule(call="find_order", arguments={"order_number": "47291"}),)
    )
    providers.fault("openai", "cut_arguments")
    desk = Desk()
    async with on_stage(openai(providers)) as stage:
        await answered(stage, "where is my order", tools=[desk.find_order])
    assert desk.calls.empty()


async def test_tool_that_nobody_declared_is_called(providers: StandIns) -> None:
    from rehearsal.standins.thinking import UNKNOWN_TOOL

    providers.fault("openai", "unknown_tool")
    client = AsyncOpenAI(api_key="a-key", base_url=providers.url("openai") + "/v1")
    answer = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hi"}]
    )
    await client.close()
    [call] = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == UNKNOWN_TOOL


async def test_server_that_never_answers_is_left_waiting(providers: StandIns) -> None:
    providers.fault("openai", "never_answers")
    client = AsyncOpenAI(
        api_key="a-key", base_url=providers.url("openai") + "/v1", max_retries=0, timeout=0.3
    )
    with pytest.raises(Exception, match="timed out"):
        await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}]
        )
    await client.close()
