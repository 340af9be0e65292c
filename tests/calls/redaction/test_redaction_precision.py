"""Ordinary sentences stay as they are."""

import importlib
from datetime import date

import pytest

from calls.bot import Bot
from calls.redaction import Redactor

TODAY = date(2026, 11, 21)
LOST = {
    # A number that is given may be the beginning of a card's.
    "my order number is four seven two nine one": "my order number is [digits]",
    "it is about order five eight three oh six": "it is about order [digits]",
}
BOT = """
Monday, the twenty third of November has nine o'clock, half past ten and two o'clock.
I am sorry, ten thirty on Thursday is not free.
The nearest are half past nine and eleven on Friday, the twenty seventh of November.
So that is Monday, the twenty third of November at half past ten for Paul Allen. Shall I book it?
Your order is on its way and should arrive on Tuesday, the twenty fourth of November.
So you would like one hundred and twenty nine dollars and ninety nine cents back.
We have one table lamp and two floor lamps in that order.
Your order, two brass table lamps, was delivered on the third of November.
You are number four in the queue.
There are three people before you, please wait about five minutes.
An order number has five digits. Can you say it digit by digit?
You find it at the top of your confirmation e-mail.
We are open from 9:00 to 12:00 and from 13:30 to 17:00.
The total is 1,249.50 euros, or 1,300 dollars.
That is $49.99, and shipping is free above $50.
You can return it within 30 days.
The next free appointment is on November 24th at 10:30.
Is the morning of 2026-11-24 fine?
The lamp needs a 60 watt bulb and is 45 cm tall.
I can offer nine fifteen, ten thirty or two forty five. Which time suits you?
Please hang up and call nine one one, or your local emergency number, right now.
Please hang up and call 911 now.
""".strip().splitlines()
CALLER = """
half past ten please
at nine thirty please
the one at half past ten
monday at ten
on the twenty third at two
tomorrow at ten thirty
ten thirty would be fine
two o'clock suits me
i want two of the brass lamps
one of them is broken
i bought it two weeks ago
i have been waiting for ten days
it cost forty nine dollars
it was twenty nine ninety nine dollars
the second one please
there were three lamps and only one came
can i come between nine and ten
no ten is too early, make it eleven
one second please
we moved here in twenty twenty four
i ordered it on the third of november
i am thirty four years old
about three hundred dollars
may i come in march
oh, i see
oh one moment
i am at home
meet me at the store
send it to my office at the main street
my name is paul allen
i live at seven maple street
the lamp at the top is broken
no that is all
should i call nine one one
it is two or three days late
i called you at ten o'clock and again at eleven
we are a family of four, two adults and two kids
e.g. a lamp, i.e. a light
it was 10 a.m. or 11 p.m.
about 20 percent off
version 2.5 of the lamp
""".strip().splitlines()


def kept(who: str, text: str) -> str:
    return Redactor("redacted", today=lambda: TODAY).text(who, text)


def bot(name: str) -> Bot:
    return importlib.import_module(f"bots.{name}").bot


@pytest.mark.parametrize("name", ["order_support", "receptionist"])
def test_nothing_that_a_bot_says_of_itself_is_taken_out(name: str) -> None:
    said = [bot(name).greeting, *(faq.answer for faq in bot(name).faq)]
    said += [phrase for phrases in bot(name).phrases.values() for phrase in phrases]
    said += [words for topic in bot(name).topics for words in (topic.reply, *topic.asks.values())]
    assert [kept("bot", words) for words in said] == said


@pytest.mark.parametrize("name", ["order_support", "receptionist"])
def test_what_callers_say_is_kept_but_for_their_numbers(name: str) -> None:
    said = [words for topic in bot(name).topics for words in topic.says]
    assert [kept("caller", words) for words in said] == [LOST.get(words, words) for words in said]


@pytest.mark.parametrize("sentence", BOT)
def test_ordinary_sentence_of_a_bot_is_kept(sentence: str) -> None:
    assert kept("bot", sentence) == sentence


@pytest.mark.parametrize("sentence", CALLER)
def test_ordinary_sentence_of_a_caller_is_kept(sentence: str) -> None:
    assert kept("caller", sentence) == sentence


def test_times_that_are_talked_about_are_kept_all_along() -> None:
    redactor = Redactor("redacted", today=lambda: TODAY)
    talk = [
        ("bot", "Hello, this is Riverside Clinic, how can I help you?"),
        ("caller", "can i book an appointment"),
        ("bot", "Sure. Which day would you like to come?"),
        ("caller", "on wednesday the twenty fifth"),
        ("bot", "Wednesday has nine o'clock, half past ten and two o'clock. Which suits you?"),
        ("caller", "ten thirty"),
        (
            "bot",
            "I am sorry, that time is taken. I have eleven or two fifteen. Which time suits you?",
        ),
        ("caller", "eleven"),
        ("bot", "At eleven, or at eleven fifteen? Which time do you want?"),
        ("caller", "eleven fifteen then"),
        ("bot", "What is your first and last name?"),
        ("caller", "paul allen"),
    ]
    assert [redactor.text(who, text) for who, text in talk] == [text for _, text in talk]


def test_appointment_stays_while_the_date_of_birth_goes() -> None:
    said = (
        "So that is Wednesday, the twenty fifth of November at two o'clock for Paul Allen,"
        " born the eleventh of February, nineteen eighty one. Shall I book it?"
    )
    assert kept("bot", said) == (
        "So that is Wednesday, the twenty fifth of November at two o'clock for Paul Allen,"
        " born the [date of birth]. Shall I book it?"
    )


def test_day_of_a_visit_stays_after_the_date_of_birth_was_given() -> None:
    redactor = Redactor("redacted", today=lambda: TODAY)
    talk = [
        ("bot", "And what is your date of birth?"),
        ("caller", "the third of may eighty one"),
        ("bot", "Thank you. Which day would you like to come?"),
        ("caller", "on the third of december"),
        ("bot", "So that is Thursday, the third of December?"),
        ("caller", "yes the third"),
    ]
    kept = [redactor.text(who, text) for who, text in talk]
    assert kept[1] == "the [date of birth]"
    assert kept[2:] == [text for _, text in talk[2:]]


def test_free_days_that_are_offered_after_the_date_of_birth_was_given_stay() -> None:
    redactor = Redactor("redacted", today=lambda: TODAY)
    redactor.text("bot", "And what is your date of birth?")
    redactor.text("caller", "the third of may eighty one")
    offered = "We have the fourth and the ninth of December free."
    assert redactor.text("bot", f"The third of May, thank you. {offered}") == (
        f"The [date of birth], thank you. {offered}"
    )
