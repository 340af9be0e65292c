"""A caller books, corrects and moves an appointment."""

import pytest

from services.embedded.policy import CallTool
from tests.services.policy_call import BOOKED, booking_up_to_the_read_back, clinic


def test_caller_who_books_step_by_step_is_asked_read_back_and_booked():
    call = clinic(book={"say": "You are booked."})
    assert call.caller("hello i'd like to book an appointment") == "Which day would suit you?"
    assert call.caller("monday") == "At what time?"
    assert call.caller("half past ten please") == "May I have your name?"
    assert call.caller("my name is john smith") == "What is your date of birth?"
    assert call.caller("the third of march nineteen eighty five") == (
        "So that is Monday, the twenty third of November at ten thirty for John Smith, "
        "born the third of March, nineteen eighty five. Shall I book it?"
    )
    assert call.calls == []
    assert call.caller("yes please").startswith("You are booked. ")
    assert call.calls == [BOOKED]


@pytest.mark.parametrize(
    "lines",
    [
        ["i need an appointment on monday at ten thirty", "this is john smith", "March 3rd, 1985"],
        ["can i see the doctor", "on monday at ten thirty", "john smith", "3/3/1985"],
        [
            "um i like to book and a point mint for monday",
            "uh ten thirty",
            "it's john smith",
            "march third eighty five",
        ],
        [
            "i'd like to book an appointment my name is john smith",
            "monday",
            "10:30",
            "i was born on march third nineteen eighty five",
        ],
        [
            "book me in monday at ten thirty",
            "John Smith.",
            "oh three oh three nineteen eighty five",
        ],
        ["i need an appointment", "next monday", "10:30 AM", "John Smith", "1985-03-03"],
    ],
)
def test_caller_books_the_same_appointment_in_other_words(lines: list[str]):
    call = clinic()
    for line in lines:
        call.caller(line)
    call.caller("yes that's right")
    assert call.calls == [BOOKED]


@pytest.mark.parametrize(
    ("lines", "argument", "value"),
    [
        (["no it's the fourth of march"], "date_of_birth", "1985-03-04"),
        (["no at eleven"], "time", "11:00"),
        (["no make it eleven fifteen"], "time", "11:15"),
        (["yes but on tuesday"], "day", "2026-11-24"),
        (["no", "the time", "a quarter to twelve"], "time", "11:45"),
        (["no that's wrong", "my name is joan smith"], "name", "Joan Smith"),
        (["the name is wrong", "joan smith"], "name", "Joan Smith"),
        (["not really", "tuesday"], "day", "2026-11-24"),
        (
            ["no i was born on may first nineteen ninety"],
            "date_of_birth",
            "1990-05-01",
        ),
    ],
)
def test_caller_corrects_the_read_back_and_hears_it_again(
    lines: list[str], argument: str, value: str
):
    call, _ = booking_up_to_the_read_back()
    for line in lines:
        answer = call.caller(line)
    assert answer.startswith("So that is ")
    assert call.calls == []
    call.caller("correct")
    assert call.calls == [CallTool("book", {**BOOKED.arguments, argument: value})]


def test_caller_who_says_no_twice_is_left_unbooked():
    call, _ = booking_up_to_the_read_back()
    assert call.caller("no") == "All right. What should I change?"
    assert call.caller("nothing forget it").startswith("All right, I'll leave that.")
    assert call.calls == []


def test_caller_who_answers_the_read_back_with_noise_is_not_booked():
    call, read_back = booking_up_to_the_read_back()
    assert read_back in call.caller("the purple window")
    assert call.calls == []


def test_slot_offered_by_a_result_is_booked_with_its_day():
    call = clinic(
        find_slot={
            "say": "On Monday I have ten thirty or eleven. Which would you like?",
            "day": "2026-11-23",
            "times": ["10:30", "11:00"],
        }
    )
    call.caller("what is free on monday")
    assert call.caller("ten thirty please") == "May I have your name?"
    call.caller("john smith")
    call.caller("march third nineteen eighty five")
    call.caller("yes")
    assert call.calls[-1] == BOOKED


@pytest.mark.parametrize(
    ("pick", "time"), [("the first one", "10:30"), ("the later one please", "11:00")]
)
def test_slot_is_picked_by_its_place_in_the_list(pick: str, time: str):
    call = clinic(
        find_slot={
            "say": "I have ten thirty or eleven. Which would you like?",
            "day": "2026-11-23",
            "times": ["10:30", "11:00"],
        }
    )
    for line in ("what is free on monday", pick, "john smith", "3/3/1985", "yes"):
        call.caller(line)
    assert call.calls[-1].arguments["time"] == time


def test_booking_cut_off_by_the_caller_is_read_back_before_it_is_booked():
    call, read_back = booking_up_to_the_read_back()
    call.messages.append({"role": "user", "content": "yes"})
    call.tool(BOOKED, "CANCELLED")
    assert call.caller("um hello") == read_back
    call.caller("yes")
    assert call.calls == [BOOKED, BOOKED]


def test_result_that_names_what_it_needs_gets_just_that():
    call = clinic(
        book={
            "say": "Ten thirty is taken. I have eleven or two o'clock. Which suits you?",
            "day": "2026-11-23",
            "times": ["11:00", "14:00"],
            "needs": "time",
        }
    )
    for line in ("book an appointment for monday", "ten thirty", "john smith", "3/3/1985", "yes"):
        call.caller(line)
    assert "at two o'clock for John Smith" in call.caller("two")
    call.caller("yes")
    assert call.calls[-1] == CallTool("book", {**BOOKED.arguments, "time": "14:00"})


def test_day_of_what_was_booked_is_not_the_day_to_move_it_to():
    call = clinic(
        book={
            "say": "You are booked.",
            "day": "2026-11-23",
            "time": "10:30",
            "name": "John Smith",
            "date_of_birth": "1985-03-03",
        }
    )
    for line in ("i need an appointment monday at ten thirty", "john smith", "3/3/1985", "yes"):
        call.caller(line)
    assert call.caller("i need to move my appointment") == "For which day?"
    call.caller("tuesday at nine")
    call.caller("yes")
    assert call.calls[-1] == CallTool(
        "move", {**BOOKED.arguments, "day": "2026-11-24", "time": "09:00"}
    )


def test_caller_who_looks_for_a_time_while_moving_goes_on_moving():
    call = clinic(
        find_slot={
            "say": "I have nine or ten. Which suits you?",
            "day": "2026-11-24",
            "times": ["09:00", "10:00"],
            "needs": "time",
        }
    )
    for line in ("i need to move my appointment", "john smith", "march third nineteen eighty five"):
        call.caller(line)
    call.caller("what is free on tuesday")
    call.caller("the last one please")
    call.caller("yes")
    assert call.calls[-1] == CallTool(
        "move", {**BOOKED.arguments, "day": "2026-11-24", "time": "10:00"}
    )


def test_caller_who_changes_an_earlier_answer_hears_that_it_was_taken():
    call = clinic()
    call.caller("i need an appointment on monday at ten")
    answer = call.caller("no wait on tuesday")
    assert answer == "All right, Tuesday, the twenty fourth of November. May I have your name?"


def test_caller_who_confirms_and_says_goodbye_in_one_breath_is_booked():
    call, _ = booking_up_to_the_read_back()
    call.caller("yes thank you bye")
    assert call.calls == [BOOKED]
