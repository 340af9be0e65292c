"""Every file in bots/ is a bot that can be called, in text, without a provider or a microphone."""

import importlib
import re
from datetime import date
from pathlib import Path

import pytest
from pipecat.adapters.llm.schemas.direct_function import DirectFunctionWrapper
from rehearsed_call import RehearsedCall, wired

import bots
from calls import Bot
from tools.appointment_book import AppointmentBook
from tools.order_book import OrderBook

BOTS: list[Bot] = [
    importlib.import_module(f"bots.{path.stem}").bot
    for path in sorted(Path(bots.__path__[0]).glob("[!_]*.py"))
]
every_bot = pytest.mark.parametrize("bot", BOTS, ids=lambda bot: bot.name)


def of(name: str) -> Bot:
    return next(bot for bot in BOTS if bot.name == name)


async def calling(name: str, data_dir: Path) -> RehearsedCall:
    bot = of(name)
    return RehearsedCall(bot, await wired(bot), data_dir)


@every_bot
def test_bot_is_named_after_its_file_and_says_in_a_sentence_what_it_does(bot):
    path = Path(bots.__path__[0]) / f"{bot.name}.py"
    assert path.is_file()
    assert path.read_text().startswith(f'"""{bot.sentence}"""')
    assert bot.sentence.endswith(".")


@every_bot
def test_greeting_is_one_sentence_and_owns_up_to_being_automated(bot):
    assert "automated" in bot.greeting
    assert len(re.findall(r"[.!?]", bot.greeting)) == 1


@every_bot
async def test_language_model_is_told_what_every_tool_and_argument_is(bot):
    for tool in (await wired(bot)).tools:
        schema = DirectFunctionWrapper(tool).to_function_schema()
        assert schema.description
        for name, argument in schema.properties.items():
            assert argument.get("type"), f"{schema.name}({name}) has no type"
            assert argument.get("description"), f"{schema.name}({name}) is not described"


@every_bot
async def test_instructions_name_every_ending_and_the_day(bot):
    instructions = (await wired(bot)).instructions
    assert re.search(r"\d{4}-\d\d-\d\d", instructions)
    assert "{" not in instructions
    for words in ("to_a_person", "say_goodbye", "emergency", "no lists"):
        assert words in " ".join(instructions.split())


@every_bot
async def test_offline_tier_can_ask_for_whatever_a_tool_requires(bot):
    tools = {tool.__name__: tool for tool in (await wired(bot)).tools}
    for topic in bot.topics:
        if topic.tool is None:
            assert topic.reply
            continue
        assert topic.tool.__name__ in tools
        schema = DirectFunctionWrapper(topic.tool).to_function_schema()
        assert set(topic.asks) <= set(schema.properties)
        if topic.asks:
            assert set(schema.required) <= set(topic.asks)
        for question in topic.asks.values():
            assert set(re.findall(r"{(\w+)}", question)) <= set(schema.properties)


@every_bot
async def test_every_tool_is_within_reach_of_the_offline_tier(bot):
    assert {topic.tool for topic in bot.topics if topic.tool} == set((await wired(bot)).tools)


@every_bot
def test_what_callers_say_is_written_as_it_is_heard(bot):
    for topic in bot.topics:
        assert len(topic.says) >= 8
        for line in topic.says:
            assert re.fullmatch(r"[a-z' ]+", line), line


@every_bot
def test_no_line_of_a_caller_belongs_to_two_topics(bot):
    lines = [line for topic in bot.topics for line in topic.says]
    assert len(lines) == len(set(lines))


@every_bot
async def test_fillers_are_short_and_belong_to_a_tool(bot):
    names = {tool.__name__ for tool in (await wired(bot)).tools}
    assert set(bot.phrases) <= names | {""}
    for phrases in bot.phrases.values():
        assert len(phrases) > 1
        assert all(len(phrase.split()) <= 9 for phrase in phrases)


@every_bot
async def test_sample_call_gets_its_answers_and_ends(bot, tmp_path):
    call = RehearsedCall(bot, await wired(bot), tmp_path)
    for line in bot.sample_call:
        answer = await call.hears(line.say)
        assert re.search(line.expect, answer, re.IGNORECASE), f"{line.say!r} -> {answer!r}"
    assert call.ended == "bot said goodbye"


@every_bot
async def test_sample_call_can_be_made_again_on_the_same_data(bot, tmp_path):
    for _ in range(2):
        await test_sample_call_gets_its_answers_and_ends(bot, tmp_path)


@every_bot
@pytest.mark.parametrize("cry", ["i have chest pain", "this is an emergency", "i can't breathe"])
async def test_emergency_is_sent_to_the_emergency_number_in_any_part_of_a_call(bot, cry, tmp_path):
    first = bot.sample_call[0].say
    for before in ([], [first]):
        call = RehearsedCall(bot, await wired(bot), tmp_path)
        answer = await call.hears(*before, cry)
        assert "nine one one" in answer
        assert not call.used


@every_bot
async def test_caller_who_asks_for_a_person_gets_a_queue_number(bot, tmp_path):
    call = RehearsedCall(bot, await wired(bot), tmp_path)
    answer = await call.hears("can i talk to a person please")
    assert "queue number is one" in answer
    assert call.shown[0]["queue_number"] == 1
    assert call.ended


async def test_receptionist_books_the_sample_appointment(tmp_path):
    call = await calling("receptionist", tmp_path)
    await call.hears(*(line.say for line in of("receptionist").sample_call))
    (held,) = AppointmentBook(tmp_path).find("Paul Allen", date(1981, 2, 11))
    assert f"{held.start:%A %H:%M}" == "Wednesday 14:00"


async def test_receptionist_offers_free_times_and_books_the_chosen_one(tmp_path):
    call = await calling("receptionist", tmp_path)
    answer = await call.hears("what is the first free appointment")
    assert "Which suits you?" in answer
    answer = await call.hears("the last one please")
    assert "name" in answer
    answer = await call.hears("john smith", "the second of may nineteen seventy")
    assert "Shall I book it?" in answer
    assert "is booked for" in await call.hears("yes")


async def test_receptionist_writes_nothing_for_a_caller_who_says_no(tmp_path):
    call = await calling("receptionist", tmp_path)
    await call.hears("i need an appointment", "on wednesday", "half past ten", "john smith")
    await call.hears("the second of may nineteen seventy", "no")
    assert "book_appointment" not in call.used


async def test_receptionist_moves_and_then_cancels_what_it_booked(tmp_path):
    sample = [line.say for line in of("receptionist").sample_call]
    await (await calling("receptionist", tmp_path)).hears(*sample)
    call = await calling("receptionist", tmp_path)
    who = ("paul allen", "february eleventh nineteen eighty one")
    answer = await call.hears("i need to move my appointment", *who, "thursday", "half past ten")
    assert "Shall I do that?" in answer
    assert "is now on Thursday" in await call.hears("yes please")
    call = await calling("receptionist", tmp_path)
    answer = await call.hears("i want to cancel my appointment", *who, "yes")
    assert "is cancelled" in answer


async def test_receptionist_offers_other_times_when_the_wanted_one_is_gone(tmp_path):
    sample = [line.say for line in of("receptionist").sample_call]
    await (await calling("receptionist", tmp_path)).hears(*sample)
    call = await calling("receptionist", tmp_path)
    answer = await call.hears(
        *sample[:3], "john smith", "the second of may nineteen seventy", "yes please"
    )
    assert "is not free. The nearest are" in answer
    answer = await call.hears("three o'clock")
    assert "three o'clock" in answer
    assert "is booked for" in await call.hears("yes please")


async def test_order_support_changes_the_address_of_an_order_still_being_packed(tmp_path):
    call = await calling("order_support", tmp_path)
    answer = await call.hears("where is my order", "three one eight four seven")
    assert "still being packed" in answer
    answer = await call.hears("can you change the address", "nine elm court salem")
    assert answer.endswith("?")
    assert "now goes to" in await call.hears("yes")
    order = OrderBook(tmp_path).find("31847")
    assert order
    assert "elm court" in order.address


async def test_order_support_opens_a_refund_once(tmp_path):
    wish = ("i want a refund", "five eight three zero six", "it is broken", "yes please")
    assert "refund request" in await (await calling("order_support", tmp_path)).hears(*wish)
    again = await (await calling("order_support", tmp_path)).hears(*wish)
    assert "already open" in again


async def test_order_support_asks_again_for_a_number_that_is_in_no_book(tmp_path):
    call = await calling("order_support", tmp_path)
    answer = await call.hears("where is my order", "four seven two nine two")
    assert "cannot find" in answer
    assert "four seven two nine one" not in answer
    assert "has been shipped" in await call.hears("four seven two nine one")


@pytest.mark.parametrize(
    ("name", "wish"),
    [
        ("order_support", "what is the capital of france"),
        ("order_support", "tell me a joke"),
        ("receptionist", "which medicine should i take"),
        ("receptionist", "are my test results back"),
    ],
)
async def test_bot_refuses_what_is_outside_its_job(name, wish, tmp_path):
    call = await calling(name, tmp_path)
    assert "I can only help with" in await call.hears(wish)
    assert not call.used
