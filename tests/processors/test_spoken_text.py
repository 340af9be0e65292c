"""What a caller hears of what a language model writes."""

import re
import sys
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    TTSSpeakFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.tests.utils import run_test
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

from processors.speakable.blocks import Blocks
from processors.speakable.speech import Speech
from processors.spoken_text import SpokenText
from tests.processors.probed_pipeline import probed_pipeline
from tests.virtual_time import in_virtual_time

FAMILY = "👨\u200d👩\u200d👧"


def spoken(*tokens: str, over: bool = True) -> str:
    """What has been said after these tokens, and at the end of the response if it is over."""
    speech = Speech()
    blocks = Blocks(speech)
    for token in tokens:
        blocks.feed(token)
    if over:
        blocks.finish()
    return speech.take()


def texts(*tokens: str, **attributes: Any) -> list[Frame]:
    frames: list[Frame] = []
    for token in tokens:
        frame = LLMTextFrame(token)
        for name, value in attributes.items():
            setattr(frame, name, value)
        frames.append(frame)
    return frames


def response(*frames: Frame) -> list[Frame]:
    return [LLMFullResponseStartFrame(), *frames, LLMFullResponseEndFrame()]


def said_by(frames: Any) -> str:
    return "".join(f.text for f in frames if isinstance(f, LLMTextFrame))


HEARD = {
    "emphasis": ("It is **really** _very_ ***good***.", "It is really very good."),
    "bold label": ("**Total:** $5", "Total: $5"),
    "bold never closed": ("It is **really good", "It is really good"),
    "heading": ("# Your order\nIt is here.", "Your order. It is here."),
    "closed heading": ("## Your order ##\nIt is here.", "Your order. It is here."),
    "underlined heading": ("Your order\n==========\nIt is here.", "Your order. It is here."),
    "bullets": ("We have:\n\n- tea\n- coffee!\n* milk", "We have. tea. coffee! milk."),
    "numbers": ("1. Sit\n2. Eat\n10) Go", "1, Sit. 2, Eat. 10, Go."),
    "nested list": ("- tea\n  - green\n  - black\n- coffee", "tea. green. black. coffee."),
    "tasks": ("- [x] tea\n- [ ] milk", "tea. milk."),
    "quote": ("> Be kind\n> to all\n\nOk.", "Be kind to all. Ok."),
    "rule": ("One\n\n---\n\nTwo", "One. Two"),
    "paragraphs": ("One\n\nTwo", "One. Two"),
    "soft break": ("One\nand two", "One and two"),
    "hard breaks": ("One  \nTwo\\\nThree<br>Four", "One. Two. Three. Four"),
    "table": (
        "Here:\n\n| Name | Price |\n|:-----|------:|\n| Bob | five |\n| `x` | **6** |\n\nDone.",
        "Here. Name: Bob, Price: five. Name: x, Price: 6. Done.",
    ),
    "table without outer pipes": (
        "Name | Price\n--- | ---\nBob | five\n",
        "Name, Price. Name: Bob, Price: five.",
    ),
    "table without rows": ("| Name | Price |\n|---|---|\n", "Name, Price."),
    "pipes that are no table": ("| yes\n| no", "yes, no"),
    "empty cells": ("| a | b |\n|---|---|\n| | 2 |\n", "b: 2."),
    "fence": ("Do this:\n```python\nx = 1\n\n# y\n```\nThen go.", "Do this. Then go."),
    "fence never closed": ("Do this:\n~~~\nx = 1\n", "Do this."),
    "indented code": ("Do this:\n\n    x = 1\n\nThen go.", "Do this. Then go."),
    "inline code": ("Run `make test` or ``a`b``.", "Run make test or ab."),
    "code with a star": ("Run `a*b|c` now", "Run a*b|c now"),
    "backtick never closed": ("Run `make *test* now", "Run make test now"),
    "link": ('See [the *page*](https://a.org/b_(c)?q=1 "T") now.', "See the page now."),
    "link on an address": ("See [https://a.org](https://a.org).", "See a dot org."),
    "reference links": (
        "See [this][1] and [that][].\n\n[1]: http://x.org 'X'",
        "See this and that.",
    ),
    "brackets": ("He said [sic] (see below)", "He said sic (see below)"),
    "brackets before a remark": ("See [it](as they say) now", "See it (as they say) now"),
    "image": ("![A red door](door.png) opens", "A red door opens"),
    "struck text": ("It is ~~five~~ six, ~10 left", "It is six, ~10 left"),
    "address": ("Go to https://www.example.com/a?b=c#d.", "Go to example dot com."),
    "address in brackets": ("Go (http://example.com/a).", "Go (example dot com)."),
    "host with a path": ("Go to example.com/a/b?c=d, please", "Go to example.com, please"),
    "angle address": ("Go to <https://example.com/a>", "Go to example dot com"),
    "mail": ("Write to bob_smith@example.com", "Write to bob_smith@example.com"),
    "mail link": ("Write to mailto:bob@a.org or <bob@a.org>", "Write to bob@a.org or bob@a.org"),
    "footnote": ("It is so[^1].\n\n[^1]: Says Bob.", "It is so. Says Bob."),
    "citation": ("It is so[1][2].", "It is so."),
    "tags": ("It is <b class='x'>so</b> <!-- no -->good", "It is so good"),
    "html block": ("<p>Hello <b>you</b></p>\n<p>Bye &amp; so</p>\n\nOk", "Hello you. Bye & so. Ok"),
    "script": ("<script>\nalert('x')\n</script>\nOk", "Ok"),
    "html comment": ("<!-- a\n\nb -->\nOk", "Ok"),
    "entities": ("Tom &amp; Jerry &lt; 5 &#8364; a&nbsp;b", "Tom and Jerry < 5 € a b"),
    "ampersands": ("Tom & Jerry, AT&T, R&D", "Tom and Jerry, AT&T, R&D"),
    "emoji": (f"Great 🎉! Hi {FAMILY} there 👍🏽done 🇩🇪 ❤️", "Great! Hi there done"),
    "keycaps": ("Press 1️⃣ or #️⃣ or 2", "Press or or 2"),
    "emoji only": ("🎉🎉\n\n", ""),
    "emoji entity": ("Great &#128512; day", "Great day"),
    "sum": ("2*3 is 6, 2 * 3 too", "2*3 is 6, 2 * 3 too"),
    "keys": ("Press * then #, or *.", "Press * then #, or *."),
    "quoted key": ('Press "*" or (*)', 'Press "*" or (*)'),
    "star code": ("Dial *67 first. Ok", "Dial *67 first. Ok"),
    "emphasis on a number": ("It takes *3 days* now", "It takes 3 days now"),
    "snake": ("Say snake_case", "Say snake_case"),
    "comparison": ("5 < 6 and 7 > 2 <3", "5 < 6 and 7 > 2 <3"),
    "hashes": ("C# is the\n#1 choice", "C# is the #1 choice"),
    "minus": ("-5 degrees", "-5 degrees"),
    "year": ("1984 was good", "1984 was good"),
    "pipe in prose": ("Home | About", "Home, About"),
    "escapes": ("\\*not\\* \\# so 1\\. good", "*not* # so 1. good"),
    "path": ("C:\\temp", "C:\\temp"),
    "windows lines": ("- a\r\n- b\r\n\r\nOk", "a. b. Ok"),
    "other scripts": ("नमस्ते **दुनिया**। 你好。", "नमस्ते दुनिया। 你好。"),
}


@pytest.mark.parametrize(("written", "heard"), HEARD.values(), ids=HEARD.keys())
def test_caller_hears_the_words(written: str, heard: str) -> None:
    assert spoken(written) == heard
    assert spoken(*written) == heard


MARKDOWN = st.lists(
    st.sampled_from([written for written, _ in HEARD.values()])
    | st.text(st.sampled_from("ab1 \n\t*_`~#>-+=|[](){}<>!&;:.\\\"'/^$@hw👍\ufe0f\u20e3\u200d"))
    | st.sampled_from(["https://", "www.a.org/b", "```\n", "    ", "&amp;", "\n\n", "1. ", "<b>"]),
    max_size=6,
).map("".join)


@settings(max_examples=250, deadline=None)
@given(text=MARKDOWN, data=st.data())
def test_where_tokens_are_cut_is_not_heard(text: str, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    cuts = [0, *places, len(text)]
    tokens = [text[a:b] for a, b in pairwise(cuts)]
    assert spoken(*tokens) == spoken(text) == spoken(*text)


@settings(max_examples=150, deadline=None)
@given(text=MARKDOWN)
def test_no_emoji_and_no_double_space_is_heard(text: str) -> None:
    heard = spoken(text)
    assert not re.search(r"\s\s|^\s|\s$|[👍\ufe0f\u20e3]", heard)
    assert heard.isprintable() or "\u200d" in heard


@settings(max_examples=150, deadline=None)
@given(words=st.lists(st.from_regex(r"[a-z]{1,9}[,.?]?", fullmatch=True), min_size=1))
def test_plain_prose_is_said_as_it_is_written(words: list[str]) -> None:
    prose = " ".join(words)
    assert spoken(prose) == prose


@settings(max_examples=150, deadline=None)
@given(words=st.lists(st.from_regex(r"[a-z]{1,9}[,.?]?", fullmatch=True), min_size=1))
def test_of_plain_prose_no_more_than_the_word_that_is_being_written_is_held(
    words: list[str],
) -> None:
    prose = " ".join(words)
    for end in range(1, len(prose) + 1):
        written = prose[:end]
        finished = written[: written.rfind(" ") + 1].rstrip(" ,")
        assert spoken(written, over=False).startswith(finished)


def test_prose_without_words_like_addresses_is_said_letter_by_letter() -> None:
    prose = "Your order left on Sunday, and you get it by noon. Anything else?"
    for end in range(1, len(prose) + 1):
        assert spoken(prose[:end], over=False) == prose[:end].rstrip(" ,")


def test_a_word_like_an_address_is_held_until_it_is_none() -> None:
    assert spoken("He ", over=False) == "He"
    assert spoken("Then he wa", over=False) == "Then he wa"
    assert spoken("Then htt", over=False) == "Then"
    assert spoken("Then hti", over=False) == "Then hti"


def test_bold_is_said_while_it_is_open() -> None:
    assert spoken("It is **rea", over=False) == "It is rea"
    written = "It is **really good** today"
    for end in range(1, len(written) + 1):
        assert spoken(written[:end], over=False) == written[:end].replace("*", "").rstrip(" ")


def test_link_text_and_code_are_said_while_they_are_open() -> None:
    assert spoken("See [the pa", over=False) == "See the pa"
    assert spoken("Run `make te", over=False) == "Run make te"


def test_a_line_is_said_once_its_kind_is_known() -> None:
    assert spoken("- t", over=False) == "t"
    assert spoken("12. t", over=False) == "12, t"
    assert spoken("### t", over=False) == "t"
    assert spoken("One\n- t", over=False) == "One. t"
    assert spoken("One\nt", over=False) == "One t"


def test_a_table_row_is_said_when_its_line_ends() -> None:
    assert spoken("| a | b |\n|---|---|\n| 1 | 2 |\n", over=False) == "a: 1, b: 2."


async def test_sentence_splitter_splits_lists_headings_and_paragraphs() -> None:
    aggregator = SimpleTextAggregator()
    sentences = []
    for char in spoken("# Drinks\nWe have these:\n\n1. Tea\n2. Milk\n\nWhich one\n\nPlease say"):
        sentences += [part.text async for part in aggregator.aggregate(char)]
    rest = await aggregator.flush()
    sentences += [rest.text] if rest else []
    assert sentences == [
        "Drinks.",
        "We have these.",
        "1, Tea.",
        "2, Milk.",
        "Which one.",
        "Please say",
    ]


async def test_held_text_goes_out_before_the_response_ends() -> None:
    received, _ = await run_test(SpokenText(), frames_to_send=response(*texts("See ", "**htt")))
    assert [type(f) for f in received] == [
        LLMFullResponseStartFrame,
        LLMTextFrame,
        LLMTextFrame,
        LLMFullResponseEndFrame,
    ]
    assert said_by(received) == "See htt"


async def test_frame_says_whether_its_last_word_is_whole() -> None:
    tokens = texts("We ", "are ", "op", "en *", "daily", "* now, ", "and ")
    received, _ = await run_test(SpokenText(), frames_to_send=response(*tokens))
    whole = [(f.text, f.metadata["ends_word"]) for f in received if isinstance(f, LLMTextFrame)]
    assert whole[:3] == [("We", True), (" are", True), (" op", False)]
    assert not any(ends for text, ends in whole if text.endswith("now"))


async def test_next_response_knows_nothing_of_the_last() -> None:
    frames = response(*texts("```\nx = 1")) + response(*texts("Hello"))
    received, _ = await run_test(SpokenText(), frames_to_send=frames)
    assert said_by(received) == "Hello"


@in_virtual_time
async def test_caller_who_interrupts_does_not_hear_what_was_held() -> None:
    async with probed_pipeline(SpokenText()) as rig:
        await rig.down(LLMFullResponseStartFrame(), *texts("One [two](http"))
        await rig.down(InterruptionFrame(), LLMFullResponseEndFrame())
        await rig.down(*response(*texts("Three")))
        assert said_by(rig.tail.got) == "One twoThree"


async def test_end_of_the_call_leaves_no_text_behind() -> None:
    received, _ = await run_test(
        SpokenText(),
        frames_to_send=[LLMFullResponseStartFrame(), *texts("Bye ", "www"), EndFrame()],
        send_end_frame=False,
    )
    assert said_by(received) == "Bye www"
    assert isinstance(received[-1], EndFrame)


async def test_text_not_meant_for_the_voice_is_not_touched() -> None:
    frames = response(*texts("**Hi** 👍 ", skip_tts=True), *texts("**Hi**"))
    received, _ = await run_test(SpokenText(), frames_to_send=frames)
    assert [f.text for f in received if isinstance(f, LLMTextFrame)] == ["**Hi** 👍 ", "Hi"]


async def test_text_kept_from_the_record_stays_kept_from_it() -> None:
    frames = response(*texts("One ", "*two*", append_to_context=False), *texts(" three"))
    received, _ = await run_test(SpokenText(), frames_to_send=frames)
    kept = [(f.text, f.append_to_context) for f in received if isinstance(f, LLMTextFrame)]
    assert "".join(text for text, recorded in kept if not recorded) == "One two"
    assert "".join(text for text, recorded in kept if recorded).strip() == "three"


async def test_phrase_spoken_meanwhile_passes_at_once_and_loses_nothing() -> None:
    frames = response(*texts("One **tw"), TTSSpeakFrame("One moment."), *texts("o** thr", "ee"))
    received, _ = await run_test(SpokenText(), frames_to_send=frames)
    kinds = [type(f) for f in received]
    assert kinds.index(TTSSpeakFrame) == 2
    assert said_by(received) == "One two three"


async def test_frames_of_others_pass_in_their_direction_and_order() -> None:
    audio = OutputAudioRawFrame(audio=b"\0\0" * 160, sample_rate=8000, num_channels=1)
    received, _ = await run_test(SpokenText(), frames_to_send=[audio, TTSSpeakFrame("Hi")])
    assert [type(f) for f in received] == [OutputAudioRawFrame, TTSSpeakFrame]
    assert received[0] is audio
    up = TTSSpeakFrame("Hi")
    _, received_up = await run_test(
        SpokenText(), frames_to_send=[up], frames_to_send_direction=FrameDirection.UPSTREAM
    )
    assert any(f is up for f in received_up)


def work(text: str) -> int:
    """Count function calls, Python's and C's, that it takes to say this one character a time."""
    calls: Counter[str] = Counter()

    def count(_: Any, event: str, __: Any) -> None:
        calls[event] += 1

    sys.setprofile(count)
    try:
        spoken(*text)
    finally:
        sys.setprofile(None)
    return calls["call"] + calls["c_call"]


TROUBLE = {
    "stars": "*", "underscores": "_", "brackets": "[", "closing brackets": "]", "links": "[a](",
    "backticks": "`", "spaced backticks": "` *", "tildes": "~~a ", "angles": "<", "tags": "<a ",
    "comments": "<!-- ", "ampersands": "&", "quotes": ">", "bullets": "- ", "bullet lines": "- a\n",
    "nested quotes": "> > a\n", "pipes": "|", "rows": "|a|b|\n|-|-|\n", "hashes": "#",
    "addresses": "https://a", "dashes": "-", "digits": "1", "images": "![", "labels": "[a][",
    "definitions": "[a]: b\n", "star codes": "*1 ", "backslashes": "\\", "emoji": "👍\u200d",
    "keycaps": "1\ufe0f", "new lines": "\n", "html lines": "<p>\n", "equals": "a\n=\n",
}  # fmt: skip


@pytest.mark.parametrize("before", ["", "x "], ids=["first", "after a word"])
@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE.keys())
def test_work_grows_with_the_length_of_the_text_and_not_faster(trouble: str, before: str) -> None:
    spoken(trouble)
    once = work((before + trouble * 1000)[:1000])
    thrice = work((before + trouble * 3000)[:3000])
    assert thrice < 3.6 * once + 2000
