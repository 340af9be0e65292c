"""What the understudy reads in the context that others wrote, or that nobody wrote yet."""

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMSpecificMessage

from services.embedded.policy import CallTool, Say, decide
from tests.services.policy_call import TODAY, Call, booking_up_to_the_read_back, clinic, shop
from tests.services.policy_desks import SHOP, SHOP_TOOLS, find_order


def test_question_cut_off_in_mid_sentence_is_answered_all_the_same():
    call = clinic()
    call.caller("i'd like to book an appointment")
    call.messages[-1]["content"] = "Which day"
    assert call.caller("monday") == "At what time?"


def test_messages_of_another_service_are_passed_over():
    call = clinic()
    call.caller("i'd like to book an appointment")
    call.messages.insert(1, LLMSpecificMessage(llm="other", message={"thinking": "…"}))
    assert call.caller("monday") == "At what time?"


def test_call_begun_by_another_model_is_taken_over():
    call = shop()
    call.messages += [
        {"role": "user", "content": "hi there i never got my lamp"},
        {"role": "assistant", "content": "Oh no! Let me look. What's the order number?"},
    ]
    call.caller("four seven two nine one")
    assert call.calls == [CallTool("find_order", {"order_number": "47291"})]


def test_bot_that_is_told_to_begin_greets():
    call = Call(SHOP, SHOP_TOOLS, instructions="You are the order desk of Lamp House. Be brief.")
    call.messages.append({"role": "developer", "content": "Greet the caller."})
    assert call.bot() == (
        "Hello! I am standing in for the order desk of Lamp House. How can I help you?"
    )


def test_silent_caller_is_asked_the_open_question_again():
    call = clinic()
    call.caller("i'd like to book an appointment")
    call.messages.append({"role": "developer", "content": "The caller has been silent."})
    assert call.bot() == "Are you still there? Which day would suit you?"


def test_system_message_of_the_context_says_who_it_stands_in_for():
    decision = decide(
        [{"role": "system", "content": "You are a librarian."}, {"role": "user", "content": "hm"}],
        tools=[],
        topics=[],
        today=TODAY,
    )
    assert isinstance(decision, Say)
    assert "standing in for a librarian" in decision.text


def test_empty_context_gets_a_greeting():
    tools = ToolsSchema([find_order]).standard_tools
    assert decide([], tools=tools, topics=SHOP, today=TODAY) == Say("Hello! How can I help you?")


def test_same_conversation_gets_the_same_answer():
    call, read_back = booking_up_to_the_read_back()
    assert call.policy.decide(call.messages[:-1], TODAY) == Say(read_back)
