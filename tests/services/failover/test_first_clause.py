"""Speech begins with the first clause that can stand, and what is said stays what was written."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.failover.tts.first_clause import first_clause, opening
from services.failover.tts.first_words import FirstWords
from tests.virtual_time import in_virtual_time


async def chunks_of(
    *tokens: str, language: str | None = None, goes_on: bool = False, every_s: float = 0.0
) -> list[str]:
    aggregator = FirstWords(language=language, goes_on=goes_on)
    if every_s:
        chunks = []
        for token in tokens:
            chunks += [chunk.text async for chunk in aggregator.aggregate(token)]
            await asyncio.sleep(every_s)
        rest = await aggregator.flush()
        return [*chunks, *([rest.text] if rest and rest.text else [])]
    chunks = [chunk.text for token in tokens async for chunk in aggregator.aggregate(token)]
    rest = await aggregator.flush()
    return [*chunks, *([rest.text] if rest and rest.text else [])]


def tokens_of(text: str) -> list[str]:
    """Word by word, as a model writes."""
    return text.replace(" ", "\0 ").split("\0")


def cut(text: str) -> str:
    return text[: first_clause(text)]


@pytest.mark.parametrize(
    ("sentence", "clause"),
    [
        (
            "Your parcel left our house today, and it should be with you soon.",
            "Your parcel left our house today,",
        ),
        ("I can certainly do that for you; it takes a moment.", "I can certainly do that for you;"),
        ("There is one thing to know: the lamp is sold out.", "There is one thing to know:"),
        ("We are open every weekday — we close at lunch time.", "We are open every weekday —"),
        ("I looked that up for you, I am sorry about it.", "I looked that up for you,"),
        ("I looked that up for you, I'm sorry about it.", "I looked that up for you,"),
        (
            "You may well get a refund for the lamp because it came broken to you.",
            "You may well get a refund for the lamp",
        ),
    ],
)
def test_a_clause_ends_at_a_mark_or_before_a_conjunction(sentence: str, clause: str) -> None:
    assert cut(sentence) == clause


@pytest.mark.parametrize(
    "sentence",
    [
        "Sure, I can help you with that right away.",
        "Thank you, I will look that up for you.",
        "The total amount comes to 1,200 dollars and some cents.",
        "That will be on the third, twenty twenty six then.",
        "Your delivery comes on Monday, the third of the month.",
        "It was delivered on March 3, in the late morning.",
        "The order number is four, seven two nine and one.",
        "We are in the town of Springfield, Illinois since last year.",
        "Thank you very much for that, Paul and good morning.",
        "We have many kinds of lamps, vases and mirrors here.",
        "We have many kinds of lamps, vases, mirrors and rugs.",
        'She said to me "we are open today, come and see us" at noon.',
        "The shop on the corner (it is a small one, mind you) is open.",
        "There are many things here, e.g. lamps and rugs.",
        "It is open from nine - five every day of the week.",
        "You can write to us at any time, info@maple.example is read daily.",
        "There was nothing left in the whole house but the two lamps.",
        "We are open on every weekday—we close at lunch time.",
        "I will be with you by 10:30 or a little later today.",
        "It left our house this morning without any trouble at all.",
    ],
)
def test_what_belongs_together_is_not_torn_and_nothing_short_stands_alone(sentence: str) -> None:
    assert cut(sentence) == ""


def test_a_clause_is_not_cut_before_two_words_behind_it_are_known() -> None:
    assert cut("Your parcel left our house today,") == ""
    assert cut("Your parcel left our house today, and it") == ""
    assert cut("Your parcel left our house today, and it ") == "Your parcel left our house today,"


async def test_the_first_clause_comes_before_the_sentence_is_whole() -> None:
    aggregator = FirstWords()
    text = "Your parcel left our house today, and it "
    given = [chunk.text async for chunk in aggregator.aggregate(text)]
    assert given == ["Your parcel left our house today,"]


async def test_only_the_first_chunk_of_a_reply_is_a_clause() -> None:
    text = (
        "Your parcel left our house today, and it should be with you by tomorrow. "
        "If it is not there by then, you can call us and we look for it."
    )
    assert await chunks_of(*tokens_of(text)) == [
        "Your parcel left our house today,",
        "and it should be with you by tomorrow.",
        "If it is not there by then, you can call us and we look for it.",
    ]


async def test_each_reply_begins_with_a_clause_of_its_own() -> None:
    aggregator = FirstWords()
    text = "Your parcel left our house today, and it should be with you soon."
    for _ in range(2):
        chunks = [c.text for t in tokens_of(text) async for c in aggregator.aggregate(t)]
        assert chunks == ["Your parcel left our house today,"]
        assert await aggregator.flush()


async def test_a_reply_after_an_interruption_begins_with_a_clause() -> None:
    aggregator = FirstWords()
    async for _ in aggregator.aggregate("It is here. And"):
        pass
    await aggregator.handle_interruption()
    text = "Your parcel left our house today, and it "
    assert [chunk.text async for chunk in aggregator.aggregate(text)]


async def test_a_sentence_that_is_there_stays_whole() -> None:
    text = "Your parcel left our house today, and it should be with you soon."
    assert await chunks_of(text) == [text]
    assert await chunks_of(f"{text} It is a big one.") == [text, "It is a big one."]


async def test_a_sentence_that_may_have_ended_is_waited_for() -> None:
    text = "I talked to the people at St. Mary today, and it is all fine with them."
    assert await chunks_of(*tokens_of(text)) == [text]


async def test_another_language_is_spoken_in_sentences() -> None:
    text = "Das Paket ist heute bei uns raus, und es sollte bald bei dir sein."
    assert await chunks_of(*tokens_of(text), language="de") == [text]


WORDS = st.sampled_from(
    [
        *"your parcel left our house today and it because but I we are is the for you".split(),
        *'Monday, 1,200 three, Springfield, Dr. e.g. "lamps" (no) — -'.split(),
        *'today, now; so: "yes,'.split(),
        *"that, this. really? then! Paul, Paul. 3. st. it—we".split(),
    ]
)


@given(st.lists(WORDS, max_size=60), st.data())
def test_a_clause_and_what_follows_are_the_text(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    known = text[: data.draw(st.integers(0, len(text)))]
    end = first_clause(known)
    assert 0 <= end <= len(known)
    assert known[:end] + known[end:] == known
    assert not end or known[end].isspace()


async def test_opening_quote_goes_with_the_sentence_it_opens() -> None:
    chunks = await chunks_of("He said this. ", '"Yes, your ', 'parcel left." ', "(And so on.)")
    assert chunks == ["He said this.", '"Yes, your parcel left."', "(And so on.)"]


@given(st.lists(WORDS, max_size=60), st.data())
async def test_no_word_is_lost_or_said_twice_however_the_text_comes(
    words: list[str], data: st.DataObject
) -> None:
    text = " ".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=40)))
    tokens = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    chunks = await chunks_of(*tokens)
    assert " ".join(chunks) == text


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("We are open until late in the evening ", "We are open until"),
        ("We open at nine in the morning ", "We open at nine in"),
        ("Your order arrives on Wednesday afternoon ", ""),
        ("The lamp costs four hundred dollars or so ", "The lamp costs four hundred dollars"),
        ("Please write to paul@maple.com then and ", "Please write to paul@maple.com then"),
        ("Yes, you can pay ", ""),
        ("Yes, you can pay with ", "Yes, you can pay"),
        ('She said "we are open until ', ""),
    ],
)
def test_voice_that_goes_on_gets_a_few_words_and_never_a_part_of_a_number(
    text: str, begin: str
) -> None:
    assert text[: opening(text, more=True)] == begin


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("We are open ", "We are"),
        ("We are", ""),
        ("We are ", "We are"),
        ("We are o", "We are"),
        ("From New ", ""),
        ("From New York ", ""),
        ("Yes, Paul ", ""),
        ("Well, I'm ", "Well, I'm"),
        ("One hundred and five lamps are ", "One hundred and five lamps"),
        ("We open at nine in the ", "We open"),
        ("Four hundred dollars is ", "Four hundred dollars"),
    ],
)
def test_voice_that_goes_on_begins_with_two_words(text: str, begin: str) -> None:
    assert text[: opening(text)] == begin


LONG = "Your parcel left our house in the afternoon and it will be there by the weekend."


@in_virtual_time
async def test_few_words_are_enough_for_a_voice_that_goes_on() -> None:
    first, then, rest = await chunks_of(*tokens_of(LONG), goes_on=True, every_s=0.0125)
    assert (first, then) == ("Your parcel", "left our house in")
    assert f"{first} {then} {rest}" == LONG


@in_virtual_time
async def test_first_words_do_not_wait_until_the_next_begins() -> None:
    aggregator = FirstWords(goes_on=True)
    chunks = [c.text for t in ("We ", "are ") async for c in aggregator.aggregate(t)]
    assert chunks == ["We are"]


@in_virtual_time
async def test_last_words_of_a_sentence_keep_their_mark() -> None:
    aggregator = FirstWords(goes_on=True)
    aggregator.ends_word = True
    tokens = ("We", " send", " parcels", " on", " to", " you", ".")
    chunks = [c.text for t in tokens async for c in aggregator.aggregate(t)]
    rest = await aggregator.flush()
    assert [*chunks, rest and rest.text] == ["We send", "parcels on to you."]


@in_virtual_time
async def test_behind_a_filler_a_voice_begins_with_more_than_two_words() -> None:
    aggregator = FirstWords(goes_on=True, speaks=lambda: True)
    chunks = [c.text for t in tokens_of(LONG) async for c in aggregator.aggregate(t)]
    assert chunks == ["Your parcel left our"]


@in_virtual_time
async def test_model_that_writes_hardly_faster_than_one_speaks_gets_no_head_start() -> None:
    chunks = await chunks_of(*tokens_of(LONG), goes_on=True, every_s=0.1)
    assert chunks == [LONG]


@given(st.text('ab ,.;"1é', max_size=80), st.integers(1, 7))
def test_voice_that_goes_on_loses_nothing_either(text: str, size: int) -> None:
    tokens = [text[at : at + size] for at in range(0, len(text), size)]
    chunks = asyncio.run(chunks_of(*tokens, goes_on=True))
    assert "".join("".join(chunks).split()) == "".join(text.split())
