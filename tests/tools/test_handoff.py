"""What a caller who wants a person hears, sees and gets."""

from pipecat.frames.frames import FunctionCallResultProperties
from tool_caller import CallOnTheBench

from tools.handoff import to_a_person

NUMBER = "+15550100"
SILENT = FunctionCallResultProperties(run_llm=False)


def kinds(call: CallOnTheBench) -> list[str]:
    return [kind for kind, _ in call.events]


async def test_caller_on_the_page_sees_and_hears_a_queue_number_and_the_call_ends(tmp_path):
    call = CallOnTheBench(tmp_path)
    result = await call.uses(to_a_person, reason="wants to complain")
    assert call.events[0] == (
        "shown",
        {"type": "handoff", "queue_number": 1, "reason": "wants to complain"},
    )
    assert kinds(call) == ["shown", "result", "spoken", "ended"]
    assert "queue number is one" in call.heard()[0]
    assert result["queue_number"] == 1


async def test_next_caller_gets_the_next_number(tmp_path):
    await CallOnTheBench(tmp_path).uses(to_a_person, reason="refund")
    assert (await CallOnTheBench(tmp_path).uses(to_a_person, reason="refund"))["queue_number"] == 2


async def test_caller_on_the_phone_is_told_and_then_put_through(tmp_path):
    call = CallOnTheBench(tmp_path, channel="phone", handoff_number=NUMBER)
    result = await call.uses(to_a_person, reason="refund")
    assert kinds(call) == ["spoken", "redirected", "result"]
    assert ("redirected", NUMBER) in call.events
    assert ("result", SILENT) in call.events
    assert result["connected"]


async def test_caller_who_cannot_be_put_through_hears_so_and_the_call_goes_on(tmp_path):
    call = CallOnTheBench(
        tmp_path,
        channel="phone",
        caller="+15550111",
        handoff_number=NUMBER,
        redirect_error="Twilio refused the redirect (400)",
    )
    result = await call.uses(to_a_person, reason="refund")
    assert kinds(call) == ["spoken", "result", "spoken"]
    assert "could not put you through" in call.heard()[-1]
    assert "queue number is one" in call.heard()[-1]
    assert "call you back" in call.heard()[-1]
    assert not result["connected"]


async def test_phone_without_a_handoff_number_promises_to_call_back(tmp_path):
    call = CallOnTheBench(tmp_path, channel="phone", caller="+15550111")
    await call.uses(to_a_person, reason="refund")
    assert "call you back" in call.heard()[0]
    assert kinds(call)[-2:] == ["spoken", "ended"]


async def test_caller_who_hides_their_number_is_not_promised_a_call_back(tmp_path):
    call = CallOnTheBench(tmp_path, channel="phone")
    await call.uses(to_a_person, reason="refund")
    assert "call you back" not in call.heard()[0]
    assert "queue number is one" in call.heard()[0]


async def test_model_is_not_asked_to_add_words_to_the_handoff(tmp_path):
    call = CallOnTheBench(tmp_path)
    await call.uses(to_a_person, reason="refund")
    assert ("result", SILENT) in call.events


def test_caller_who_speaks_while_being_put_through_does_not_undo_it():
    assert getattr(to_a_person, "_pipecat_cancel_on_interruption", True) is False
