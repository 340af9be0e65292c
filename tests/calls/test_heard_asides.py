"""What was heard but is no part of the conversation, and words that are cut in the middle."""

import asyncio
import random
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.utils.text.base_text_aggregator import TextType

from calls.heard.following import Following
from calls.heard.memory import remember_what_was_heard
from calls.heard.phone_lag import PhoneLag
from calls.heard.utterance import CUT, Utterance, Words
from calls.marks import Trip
from calls.notices import notice
from processors.filler_words import FillerFrame
from processors.silence.phrases import SparePhrase, Step
from processors.silence_bound import SilenceBound
from tests.calls.heard_call import Line, Record, heard_call
from tests.processors.probed_pipeline import Rig, probed_pipeline
from tests.services.failover.tts_fakes import RATE_HZ, reply
from tests.virtual_time import in_virtual_time

MOMENT = np.full(RATE_HZ * 2, 7, dtype=np.int16).tobytes()
ANSWER = "Your parcel left our house on Wednesday."


class Aside(FrameProcessor):
    """Says a spare phrase where the silence bound says it."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)

    async def say(self) -> None:
        phrase = SparePhrase(Step.MOMENT, "One more moment, please.", MOMENT, RATE_HZ)
        for frame in phrase.frames(f"{SilenceBound.__name__}#0-1"):
            await self.push_frame(frame)


@in_virtual_time
async def test_filler_is_in_the_transcript_and_not_in_the_context() -> None:
    async with heard_call(random.Random(1)) as call:
        await call.give(FillerFrame("Let me see."), *reply(ANSWER))
        await asyncio.sleep(10)
        assert call.said_in_context() == [ANSWER]
        assert call.record.lines == [
            {"who": "bot", "text": "Let me see.", "said": "filler"},
            {"who": "bot", "text": ANSWER},
        ]


@in_virtual_time
async def test_spare_phrase_is_in_the_transcript_and_not_in_the_context() -> None:
    aside = Aside()
    async with heard_call(random.Random(1), before_output=[aside]) as call:
        await aside.say()
        await call.give(*reply(ANSWER))
        await asyncio.sleep(10)
        assert call.said_in_context() == [ANSWER]
        assert call.record.lines == [
            {"who": "bot", "text": "One more moment, please.", "said": "spare"},
            {"who": "bot", "text": ANSWER},
        ]


def remembering(transcript: Record | None = None) -> LLMContextAggregatorPair:
    """A context that holds what was heard."""
    pair = LLMContextAggregatorPair(LLMContext())
    remember_what_was_heard(pair, transcript or Record())
    return pair


class Behind(FrameProcessor):
    """Keeps audio back, as if other audio had to be played before it, while words go on."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSStartedFrame | TTSAudioRawFrame | TTSStoppedFrame):
            self._kept.append(frame)
        else:
            await self.push_frame(frame, direction)

    async def play(self) -> None:
        for frame in self._kept:
            await self.push_frame(frame)
        self._kept = []


def answered() -> list[Frame]:
    return [
        LLMFullResponseStartFrame(),
        TTSStartedFrame(context_id="answer", append_to_context=True),
        TTSAudioRawFrame(bytes(2 * RATE_HZ), RATE_HZ, 1, context_id="answer"),
        TTSTextFrame("It left.", TextType.SENTENCE, context_id="answer"),
        TTSStoppedFrame(context_id="answer"),
        LLMFullResponseEndFrame(),
    ]


@in_virtual_time
@pytest.mark.parametrize("played", [True, False])
async def test_answer_whose_words_come_before_its_audio_counts_once_and_as_it_was_played(
    played: bool,
) -> None:
    transcript, behind = Record(), Behind()
    pair = remembering(transcript)
    async with probed_pipeline(Following(), behind, pair.assistant()) as rig:
        await rig.down(*answered())
        assert transcript.lines == [], "nothing of it was played yet"
        if played:
            await behind.play()
            await asyncio.sleep(0.1)
        await rig.down(InterruptionFrame())
        await asyncio.sleep(0.1)
        heard = ["It left."] if played else []
        assert [line["text"] for line in transcript.lines] == heard
        assert [message["content"] for message in pair.user().messages] == heard  # type: ignore[index]


@in_virtual_time
async def test_answer_that_waits_behind_a_spare_phrase_is_remembered_as_it_was_played() -> None:
    aside = Aside()
    async with heard_call(random.Random(2), before_output=[aside]) as call:
        await aside.say()
        await call.give(*reply(ANSWER))
        await asyncio.sleep(2.9)
        await call.give(InterruptionFrame())
        await asyncio.sleep(1)
        played = [word.text for word in call.played()]
        (kept,) = call.said_in_context()
        assert 0 < len(played) < 5
        assert abs(len(kept.split()) - len(played)) <= 1


@in_virtual_time
async def test_filler_that_is_interrupted_is_in_the_transcript_as_far_as_it_was_heard() -> None:
    async with heard_call(random.Random(1)) as call:
        await call.give(FillerFrame("Let me look at that parcel for you."))
        await asyncio.sleep(1.0)
        await call.give(InterruptionFrame())
        await asyncio.sleep(1)
        (line,) = call.record.lines
        assert line["said"] == "filler"
        assert 0 < len(line["text"].split()) < 6
        assert call.said_in_context() == []


@in_virtual_time
async def test_greeting_that_is_spoken_as_it_is_written_is_remembered() -> None:
    async with heard_call(random.Random(1)) as call:
        await call.give(TTSSpeakFrame(ANSWER))
        await asyncio.sleep(10)
        assert call.said_in_context() == [ANSWER]


@in_virtual_time
async def test_caller_who_barges_in_before_any_sound_has_heard_nothing() -> None:
    async with heard_call(random.Random(1)) as call:
        await call.give(*reply(ANSWER))
        await asyncio.sleep(0.001)
        await call.give(InterruptionFrame())
        await asyncio.sleep(5)
        assert call.played() == []
        assert call.said_in_context() == []
        assert call.record.lines == []


@pytest.mark.parametrize("line", ["web", "phone"])
@in_virtual_time
async def test_word_that_is_cut_is_marked_even_if_it_is_the_last_one(line: str) -> None:
    async with heard_call(random.Random(3), line=line, pace=10.0) as call:  # type: ignore[arg-type]
        await call.give(*reply(ANSWER))
        await call.until_played("Wednesday.", part=0.3)
        await call.give(InterruptionFrame())
        await asyncio.sleep(1)
        (kept,) = call.said_in_context()
        assert kept.startswith("Your parcel left our house on W")
        assert kept.endswith(CUT)
        assert [told["text"] for told in call.record.lines] == [kept]


RECORDED = "This call is recorded for your own safety and for our training."


@pytest.mark.parametrize("line", ["web", "phone"])
def test_every_word_of_a_notice_is_kept_however_often_the_caller_speaks_over_it(line: Line) -> None:
    @in_virtual_time
    async def story() -> None:
        async with heard_call(random.Random(3), line=line, stalls=False) as call:
            await call.give(notice(RECORDED))
            for word in ("call", "recorded", "own", "for"):
                await call.until_played(word, part=0.5)
                await call.give(InterruptionFrame())
            await asyncio.sleep(5)
            await call.give(*reply(ANSWER))
            await asyncio.sleep(5)
            said = call.said_in_context()
            assert " ".join(said) == f"{RECORDED} {ANSWER}"
            assert said[-1] == ANSWER
            assert [told["text"] for told in call.record.lines] == said

    story()


@pytest.mark.parametrize("line", ["web", "phone"])
def test_answer_that_is_cut_behind_a_notice_is_kept_as_it_was_heard(line: Line) -> None:
    @in_virtual_time
    async def story() -> None:
        async with heard_call(random.Random(3), line=line, stalls=False) as call:
            await call.give(notice(RECORDED))
            await call.until_played("own", part=0.5)
            await call.give(InterruptionFrame(), *reply(ANSWER))
            await call.until_played("parcel", part=0.6)
            await call.give(InterruptionFrame())
            await asyncio.sleep(5)
            said = call.said_in_context()
            kept = " ".join(said)
            assert kept.startswith(RECORDED)
            assert abs(len(kept.split()) - len(call.played())) <= 2
            assert [told["text"] for told in call.record.lines] == said

    story()


def spoken(*words: str, word_s: float = 0.5) -> Utterance:
    """An utterance of words of the same length."""
    utterance = Utterance("a")
    utterance.audio(100.0, word_s * len(words))
    for number, word in enumerate(words):
        utterance.words(Words(word, 100.0 + number * word_s))
    utterance.whole = True
    return utterance


@pytest.mark.parametrize(
    ("played_s", "heard"),
    [
        (0.05, []),
        (0.25, ["Mo" + CUT]),
        (0.5, ["Mon"]),
        (0.55, ["Mon"]),
        (0.75, ["Mon", "morn" + CUT]),
        (1.0, ["Mon", "morning"]),
    ],
)
def test_words_count_as_far_as_their_audio_was_played(played_s: float, heard: list[str]) -> None:
    utterance = spoken("Mon", "morning")
    utterance.played_s = played_s
    assert [part.text for part in utterance.heard()] == heard


def test_words_without_times_are_spread_over_their_audio() -> None:
    utterance = Utterance("a")
    utterance.words(Words("seven letters again nothing", None))
    utterance.audio(100.0, 4.0)
    utterance.whole = True
    utterance.played_s = 2.0
    assert [part.text for part in utterance.heard()] == ["seven", "letters"]


@pytest.mark.parametrize("whole", [True, False], ids=["all of it came", "more is to come"])
@pytest.mark.parametrize("part", [0.1, 0.35, 0.55, 0.85])
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("ご注文の商品は月曜日に倉庫から発送されましたので、金曜日までにはお届けできます。", 6.4),
        ("您的订单已经在星期一从我们的仓库发出，预计星期五到达。", 6.0),
        ("Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz", 4.5),
    ],
    ids=["Japanese", "Chinese", "a long word"],
)
def test_sentence_without_spaces_counts_as_far_as_its_audio_was_played(
    text: str, seconds: float, part: float, whole: bool
) -> None:
    utterance = Utterance("a")
    utterance.words(Words(text, 100.0))
    utterance.audio(100.0, seconds if whole else seconds * part)
    utterance.whole = whole
    utterance.played_s = seconds * part
    (heard,) = utterance.heard()
    assert heard.text.endswith(CUT)
    assert text.startswith(heard.text.removesuffix(CUT))
    assert abs(len(heard.text) - 1 - part * len(text)) <= 0.15 * len(text)


def test_audio_that_went_on_later_than_it_might_have_keeps_its_words() -> None:
    utterance = Utterance("a")
    utterance.audio(100.0, 0.5)
    utterance.audio(103.0, 0.5)
    utterance.words(Words("one", 100.0))
    utterance.words(Words("two", 103.0))
    utterance.played_s = 0.5
    assert [part.text for part in utterance.heard()] == ["one"]


def test_steady_delay_of_the_network_is_no_lag_and_a_longer_one_is() -> None:
    lag = PhoneLag()
    first, second, third = Trip(), Trip(), Trip()
    lag.sent(first, 10.0)
    first.back_s = 10.3
    assert lag.behind_s(10.4) == 0.0
    lag.sent(second, 11.0)
    second.back_s = 11.8
    assert lag.behind_s(12.0) == pytest.approx(0.5)
    lag.sent(third, 13.0)
    assert lag.behind_s(14.0) == pytest.approx(0.7)


def test_marks_that_a_clear_sends_back_tell_nothing() -> None:
    lag = PhoneLag()
    first, cleared = Trip(), Trip()
    lag.sent(first, 10.0)
    first.back_s = 10.3
    lag.sent(cleared, 11.0)
    lag.cleared()
    cleared.back_s = 11.05
    lag.sent(Trip(back_s=12.3), 12.0)
    assert lag.behind_s(12.4) == 0.0


def test_marks_before_a_pause_tell_nothing_and_the_phone_is_not_behind_any_more() -> None:
    lag = PhoneLag()
    first, second, cut_short = Trip(), Trip(), Trip()
    for trip, sent_s, back_s in ((first, 10.0, 10.3), (second, 11.0, 11.8)):
        lag.sent(trip, sent_s)
        trip.back_s = back_s
    assert lag.behind_s(12.0) == pytest.approx(0.5)
    lag.sent(cut_short, 12.0)
    cut_short.back_s, cut_short.cut_short = 12.05, True
    assert lag.behind_s(12.4) == 0.0
    lag.sent(Trip(back_s=13.3), 13.0)
    assert lag.behind_s(13.4) == 0.0


def test_audio_that_was_sent_ahead_of_a_mark_is_no_lag() -> None:
    lag = PhoneLag()
    first, second = Trip(), Trip(ahead_s=0.12)
    lag.sent(first, 10.0)
    first.back_s = 10.05
    lag.sent(second, 11.0)
    second.back_s = 11.17
    assert lag.behind_s(12.0) == pytest.approx(0.0)


def tool_started() -> FunctionCallsStartedFrame:
    return FunctionCallsStartedFrame([FunctionCallFromLLM("find", "1", {}, LLMContext())])


def tool_runs() -> FunctionCallInProgressFrame:
    return FunctionCallInProgressFrame("find", "1", {})


def result() -> FunctionCallResultFrame:
    return FunctionCallResultFrame("find", "1", {}, "on its way")


def results() -> tuple[FunctionCallResultFrame, FunctionCallResultFrame]:
    """A tool's result as it goes both ways: upstream, and behind what the tool said."""
    upstream, behind = result(), result()
    upstream.broadcast_sibling_id, behind.broadcast_sibling_id = behind.id, upstream.id
    return upstream, behind


def asked(rig: Rig) -> int:
    """How often the language model was asked."""
    return sum(isinstance(frame, LLMContextFrame) for frame in rig.head.got)


@pytest.mark.parametrize("in_context", [False, True])
def test_tools_result_waits_for_words_of_the_bot_and_not_for_a_filler(in_context: bool) -> None:
    @in_virtual_time
    async def call() -> None:
        pair = remembering()
        async with probed_pipeline(Following(), pair.assistant()) as rig:
            await rig.down(
                tool_started(),
                tool_runs(),
                TTSStartedFrame(context_id="words", append_to_context=in_context),
                BotStartedSpeakingFrame(),
            )
            await rig.down(result())
            assert bool(asked(rig)) is not in_context
            await rig.down(TTSStoppedFrame(context_id="words"), BotStoppedSpeakingFrame())
            assert asked(rig) == 1

    call()


@in_virtual_time
async def test_tools_result_overtakes_the_filler_that_stands_before_it_and_counts_once() -> None:
    pair = remembering()
    async with probed_pipeline(pair.user(), Following(), pair.assistant()) as rig:
        await rig.down(
            tool_started(),
            tool_runs(),
            TTSStartedFrame(context_id="filler", append_to_context=False),
            BotStartedSpeakingFrame(),
        )
        upstream, behind = results()
        await pair.user().queue_frame(upstream, FrameDirection.UPSTREAM)
        await asyncio.sleep(0.01)
        messages: list[Any] = pair.user().context.messages
        assert messages[-1]["content"] == '"on its way"'
        await rig.down(TTSStoppedFrame(context_id="filler"), BotStoppedSpeakingFrame())
        await pair.user().push_frame(behind)
        await asyncio.sleep(0.01)
        assert (asked(rig), len(pair.user().context.messages)) == (1, len(messages))


@in_virtual_time
async def test_tool_that_is_done_at_once_has_the_model_asked_once() -> None:
    pair = remembering()
    upstream, behind = results()
    async with probed_pipeline(pair.user(), Following(), pair.assistant()) as rig:
        await rig.down(
            tool_started(),
            tool_runs(),
        )
        # Both are there before the assistant gets to the first.
        await pair.user().queue_frame(upstream, FrameDirection.UPSTREAM)
        await pair.user().push_frame(behind)
        await asyncio.sleep(0.01)
        assert asked(rig) == 1


@in_virtual_time
async def test_result_before_the_call_that_it_belongs_to_is_waited_for() -> None:
    pair = remembering()
    upstream, behind = results()
    async with probed_pipeline(pair.user(), Following(), pair.assistant()) as rig:
        await rig.down(tool_started())
        await pair.user().queue_frame(upstream, FrameDirection.UPSTREAM)
        await asyncio.sleep(0.01)
        await rig.down(tool_runs())
        await pair.user().push_frame(behind)
        await asyncio.sleep(0.01)
        messages: list[Any] = pair.user().context.messages
        assert messages[-1]["content"] == '"on its way"'
        assert asked(rig) == 1
