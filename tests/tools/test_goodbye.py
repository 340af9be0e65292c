"""How a call ends: the farewell first, then the line."""

from pipecat.frames.frames import FunctionCallResultProperties
from tool_caller import CallOnTheBench

from tools.goodbye import say_goodbye


async def test_call_ends_after_the_farewell_and_the_model_adds_nothing(tmp_path):
    call = CallOnTheBench(tmp_path)
    await call.uses(say_goodbye, farewell="Take care. Goodbye.")
    assert call.events == [
        ("result", FunctionCallResultProperties(run_llm=False)),
        ("spoken", "Take care. Goodbye."),
        ("ended", "bot said goodbye"),
    ]


async def test_caller_is_never_left_without_a_farewell(tmp_path):
    call = CallOnTheBench(tmp_path)
    await call.uses(say_goodbye, farewell="  ")
    (farewell,) = call.heard()
    assert "Goodbye" in farewell
