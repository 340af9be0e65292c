"""Whatever course a call takes, the understudy answers and books nothing unconfirmed."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.embedded.policy import CallTool, Say
from tests.services.policy_call import TODAY, clinic

LINES = st.sampled_from(
    [
        "i'd like to book an appointment",
        "cancel my appointment",
        "monday at ten thirty",
        "john smith",
        "the third of march nineteen eighty five",
        "yes",
        "no",
        "no at eleven",
        "the first one",
        "never mind",
        "start over",
        "repeat that",
        "thanks",
        "hello",
        "hold on",
        "are you a robot",
        "can i talk to a person",
        "purple elephants",
        "that's all",
        "DTMF: 0",
        "DTMF: 47291#",
        "",
    ]
)

RESULTS = st.sampled_from(
    [
        None,
        "CANCELLED",
        "Well.",
        {"say": "Which suits you?", "times": ["10:30", "11:00"], "needs": "time"},
        {"say": "Shall I book it?", "day": "2026-11-23"},
        {"say": "Who?", "needs": "name", "name": None},
        {"say": "Odd.", "day": 7, "time": "soon", "needs": "luck"},
        {"say": "Pick.", "slots": [{"day": "2026-11-23", "time": "10:30"}]},
        ["a", {"b": "c"}],
        42,
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LINES, RESULTS), max_size=12))
def test_any_course_of_a_call_gets_an_answer_and_no_unconfirmed_booking(
    course: list[tuple[str, Any]],
):
    call = clinic()
    for line, result in course:
        call.messages.append({"role": "user", "content": line})
        decision = call.policy.decide(call.messages, TODAY)
        if isinstance(decision, CallTool):
            assert decision.arguments.get("confirmed") is not False
            if decision.name == "book":
                assert line == "yes" or line.startswith("DTMF") or "CANCELLED" in str(call.messages)
            call.tool(decision, result)
            decision = call.policy.decide(call.messages, TODAY)
        if isinstance(decision, Say):
            call.messages.append({"role": "assistant", "content": decision.text})
