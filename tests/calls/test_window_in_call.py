"""The window of a call that runs: nothing waits for it."""

import asyncio
import random

from pipecat.frames.frames import InterruptionFrame

from calls.window.window import DROPPED, Window
from tests.calls.heard_call import HeardCall, heard_call
from tests.calls.test_heard import tool_answered, tool_asked
from tests.calls.test_window import Model, assert_whole
from tests.services.failover.tts_fakes import reply
from tests.virtual_time import in_virtual_time

LIMIT = 500
ANSWER = "Order number {} has left our house and is going to be with you on Wednesday."


async def turn(call: HeardCall, number: int) -> str:
    """The caller asks and hears an answer; returns it."""
    call.context.add_message({"role": "user", "content": f"Where is order {number}?"})
    await call.give(*reply(ANSWER.format(number)))
    await asyncio.sleep(9)
    return ANSWER.format(number)


@in_virtual_time
async def test_summary_is_asked_for_when_the_bot_has_spoken_and_no_turn_waits_for_it() -> None:
    writer = Model("They spoke of orders.")
    writer.may_answer.clear()
    window = Window(limit=LIMIT, summarise=writer.summarise)
    async with heard_call(random.Random(1), window=window) as call:
        answers = []
        while not writer.given:
            answers.append(await turn(call, 10 + len(answers)))
        # It hangs, and the call goes on.
        answers.append(await turn(call, 10 + len(answers)))
        assert call.said_in_context()[-1] == answers[-1]
        assert [line["text"] for line in call.record.lines] == answers
        writer.may_answer.set()
        answers.append(await turn(call, 10 + len(answers)))
        assert "They spoke of orders." in str(window.messages[0])
        assert call.said_in_context()[-2:] == answers[-2:]
        assert [line["text"] for line in call.record.lines] == answers


@in_virtual_time
async def test_result_of_a_tool_that_fills_the_window_pushes_old_turns_out() -> None:
    window = Window(limit=LIMIT)
    async with heard_call(random.Random(1), window=window) as call:
        for number in range(10, 17):
            await turn(call, number)
        assert DROPPED not in str(window.messages)
        window.add_message({"role": "user", "content": "And the last one?"})
        await call.give(*tool_asked("call-1"))
        await asyncio.sleep(1)
        answered = tool_answered("call-1")
        answered.result = {"text": "long " * 150}
        answered.properties = None
        await call.give(answered)
        await asyncio.sleep(1)
        assert DROPPED in str(window.messages[0])
        assert window.tokens <= LIMIT
        assert_whole(window.messages)


@in_virtual_time
async def test_barge_in_is_remembered_as_heard_in_a_window_that_has_dropped_turns() -> None:
    window = Window(limit=LIMIT)
    async with heard_call(random.Random(1), window=window) as call:
        for number in range(10, 22):
            await turn(call, number)
        window.add_message({"role": "user", "content": "And the last one?"})
        await call.give(*reply("Umbrellas always leave our house on Tuesdays."))
        await call.until_played("leave", part=0.5)
        await call.give(InterruptionFrame())
        await asyncio.sleep(1)
        assert DROPPED in str(window.messages[0])
        kept = call.said_in_context()[-1]
        assert kept.startswith("Umbrellas always")
        assert len(kept.split()) in (2, 3, 4)
        assert call.record.lines[-1]["text"] == kept
