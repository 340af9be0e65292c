"""A caller before a bot whose providers fail, on a telephone whose time passes at once."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from rehearsal import mulaw
from rehearsal.audible import Span, audible_spans
from rehearsal.faults import script
from rehearsal.faults.call import Conversation, Owed, Patience, dead_air_ms
from rehearsal.faults.heard import Listener
from rehearsal.faults.script import HOURS, LAST, ORDER, RETURN, Line
from rehearsal.mulaw import Pcm
from rehearsal.phone import TwilioPhone
from rehearsal.playout import Playout
from rehearsal.voice import speak
from scripts.faults.cells import Cell, Moment, Stage
from scripts.faults.verdict import Verdict, judge, possible_answers

LATENCY_S = 1.0
SPEECH = {line.say: np.full(8000, 3000, np.int16) for line in script.LINES}


class QuickPhone:
    """A telephone whose caller and bot are of one mind: waiting moves the clock.

    `answers`: what the bot says to each thing the caller says, as pairs of how many seconds after
    the one before (or after the caller's last word), and which sound.
    """

    def __init__(self, answers: Sequence[Sequence[tuple[float, Pcm]]], hangs_up_s: float = 1e9):
        self.now_s = 0.0
        self.playout = Playout(lambda: self.now_s)
        self.hangs_up_s = hangs_up_s
        self.said = 0
        self.words: list[str] = []
        self._answers = list(answers)
        self._coming: list[tuple[float, Pcm]] = []
        self._answer(0.0)

    @property
    def over(self) -> bool:
        return self.now_s >= self.hangs_up_s

    async def say(self, pcm: Pcm) -> Span:
        start_s = self.now_s
        self._pass(pcm.size / 8000)
        if self.over:
            raise ConnectionError("The call has ended.")
        self.said += 1
        self._answer(self.now_s)
        return Span(start_s, self.now_s)

    async def wait(self, seconds: float) -> None:
        self._pass(seconds)

    def _answer(self, at_s: float) -> None:
        for after_s, pcm in self._answers.pop(0) if self._answers else ():
            at_s += after_s
            self._coming.append((at_s, pcm))
            at_s += pcm.size / 8000

    def _pass(self, seconds: float) -> None:
        until_s = min(self.now_s + seconds, self.hangs_up_s)
        while self.now_s < until_s:
            self.now_s = min(until_s, round(self.now_s + 0.02, 6))
            while self._coming and self._coming[0][0] <= self.now_s:
                self.playout.receive(mulaw.encode(self._coming.pop(0)[1]))


@pytest.fixture(scope="module")
async def listener() -> Listener:
    return await Listener.of(script.SENTENCES)


async def sound(text: str) -> Pcm:
    """What a stand-in's voice sends for a text."""
    return (await speak(text, 8000)).pcm


async def held(
    listener: Listener,
    answers: Sequence[Sequence[tuple[float, str | Pcm]]],
    lines: Sequence[Line] = (ORDER, LAST),
    *,
    greeting: Sequence[tuple[float, str]] = ((LATENCY_S, script.GREETING),),
    hangs_up_s: float = 1e9,
    interrupts: bool = False,
    stage: Stage = "llm",
    fault: str = "late",
    moment: Moment = "first",
    tool_runs: int = 1,
) -> tuple[Verdict, QuickPhone]:
    """The verdict on a conversation in which the bot says these things, one list a line."""
    greeted = [greeting, *answers]
    spoken = [
        [
            (after_s, await sound(said) if isinstance(said, str) else said)
            for after_s, said in answer
        ]
        for answer in greeted
    ]
    phone = QuickPhone(spoken, hangs_up_s)

    async def nothing(_: int) -> None:
        return

    conversation = Conversation(
        cast(TwilioPhone, phone),
        listener,
        SPEECH,
        before_line=nothing,
        before_words=phone.words.append,
        phrases=possible_answers,
        interrupts=interrupts,
        patience=Patience(),
    )
    await conversation.run(lines)
    cell = Cell("backup", stage, fault, moment)
    verdict = judge(
        cast(Any, SimpleNamespace(**vars(cell), interrupts=interrupts, faulty_line=len(lines) - 2)),
        conversation,
        listener,
        track=phone.playout.track(),
        spans=phone.playout.spans(),
        ended_by="server" if phone.over else "caller",
        tool_runs=tool_runs,
        leaked=0,
    )
    return verdict, phone


async def test_call_in_which_all_is_well_is_right_and_its_dead_air_is_the_wait(listener):
    verdict, phone = await held(listener, [[(1.4, ORDER.answer)], [(1.0, LAST.answer)]])
    assert (verdict.completed, verdict.answer_ok, verdict.said_once) == (True, True, True)
    assert (verdict.turns, verdict.lines, phone.said) == (2, 2, 2)
    assert verdict.dead_air_ms == pytest.approx(1400, abs=130)


async def test_silence_in_the_middle_of_an_answer_is_dead_air(listener):
    first, second, third = (f"{part}." for part in RETURN.answer.rstrip(".").split(". "))
    verdict, _ = await held(
        listener,
        [[(0.8, first), (2.5, f"{second} {third}")], [(0.8, LAST.answer)]],
        (RETURN, LAST),
        moment="mid",
    )
    assert verdict.answer_ok
    assert verdict.dead_air_ms == pytest.approx(2500, abs=250)


async def test_greeting_that_comes_late_is_dead_air_and_one_in_other_words_is_not(listener):
    answers = [[(1.0, ORDER.answer)], [(1.0, LAST.answer)]]
    late, _ = await held(listener, answers, greeting=[(4.0, script.GREETING)])
    other, _ = await held(listener, answers, greeting=[(1.0, "Good morning.")])
    none, _ = await held(listener, answers, greeting=[])
    assert late.dead_air_ms == pytest.approx(4000, abs=250)
    assert other.dead_air_ms < 1300
    assert none.dead_air_ms == pytest.approx(12_000, abs=250)


async def test_filler_ends_the_silence_before_it_but_is_no_answer(listener):
    verdict, _ = await held(
        listener,
        [[(0.7, "One moment, please."), (2.0, ORDER.answer)], [(0.7, LAST.answer)]],
    )
    assert verdict.answer_ok
    assert verdict.dead_air_ms == pytest.approx(2000, abs=250)


async def test_silence_after_a_whole_answer_is_nobodys_fault(listener):
    noise = np.tile(np.array([2000, -2000], np.int16), 400)
    verdict, _ = await held(listener, [[(0.8, ORDER.answer)], [(0.8, LAST.answer), (9.0, noise)]])
    assert verdict.dead_air_ms < 1300


async def test_caller_who_hears_nothing_for_twelve_seconds_goes_on_and_then_rings_off(listener):
    verdict, phone = await held(listener, [[], []])
    assert phone.said == 2
    assert (verdict.completed, verdict.answer_ok, verdict.turns) == (False, False, 0)
    assert verdict.dead_air_ms == pytest.approx(12_000, abs=250)


async def test_bot_that_comes_back_for_the_last_line_completes_the_call_without_the_answer(
    listener,
):
    verdict, _ = await held(listener, [[], [(1.0, LAST.answer)]])
    assert (verdict.completed, verdict.answer_ok, verdict.turns) == (True, False, 1)


async def test_answer_said_twice_is_noticed(listener):
    verdict, _ = await held(
        listener, [[(0.8, f"{ORDER.answer} {ORDER.answer}")], [(0.8, LAST.answer)]]
    )
    assert verdict.answer_ok
    assert not verdict.said_once


async def test_answer_repeated_after_the_caller_went_on_is_noticed(listener):
    late = f"{ORDER.answer} {LAST.answer}"
    verdict, _ = await held(listener, [[(0.8, ORDER.answer)], [(0.8, late)]])
    assert not verdict.said_once


async def test_answer_of_which_a_sentence_is_missing_is_not_right(listener):
    first, _, third = (f"{part}." for part in RETURN.answer.rstrip(".").split(". "))
    verdict, _ = await held(
        listener, [[(0.8, f"{first} {third}")], [(0.8, LAST.answer)]], (RETURN, LAST), moment="mid"
    )
    assert verdict.completed
    assert not verdict.answer_ok


async def test_answer_played_at_a_wrong_rate_is_not_right(listener):
    whole = (await speak(ORDER.answer, 8000, really_at_hz=5300)).pcm
    verdict, _ = await held(listener, [[(0.8, whole)], [(0.8, LAST.answer)]])
    assert not verdict.answer_ok


async def test_sentence_cut_off_and_said_again_from_its_beginning_is_said_once(listener):
    begun = (await speak(ORDER.answer, 8000)).between(0, 1.0)
    verdict, _ = await held(listener, [[(0.8, begun), (0.3, ORDER.answer)], [(0.8, LAST.answer)]])
    assert (verdict.answer_ok, verdict.said_once) == (True, True)


async def test_caller_who_is_asked_to_repeat_says_the_line_again(listener):
    verdict, phone = await held(
        listener,
        [[(1.0, script.NOT_UNDERSTOOD)], [(1.0, ORDER.answer)], [(1.0, LAST.answer)]],
    )
    assert phone.said == 3
    assert phone.words == [ORDER.say, ORDER.say, LAST.say]
    assert (verdict.completed, verdict.answer_ok, verdict.said_once) == (True, True, True)


async def test_bot_that_hangs_up_leaves_the_call_incomplete(listener):
    verdict, _ = await held(listener, [[(0.8, ORDER.answer)], []], hangs_up_s=9.0)
    assert (verdict.completed, verdict.ended_by) == (False, "server")


async def test_bot_that_takes_its_leave_has_ended_the_call_politely(listener):
    (goodbye,) = script.PARTING.values()
    polite, _ = await held(listener, [[(1.0, goodbye)]], hangs_up_s=13.0)
    abrupt, _ = await held(listener, [[(1.0, ORDER.answer)]], hangs_up_s=13.0)
    assert (polite.parted, abrupt.parted) == (True, False)


async def test_tool_that_cannot_answer_is_answered_rightly_by_saying_so(listener):
    told, _ = await held(
        listener,
        [[(1.0, script.NOT_FOUND)], [(1.0, LAST.answer)]],
        stage="tool",
        fault="http_500",
    )
    made_up, _ = await held(
        listener,
        [[(1.0, ORDER.answer)], [(1.0, LAST.answer)]],
        stage="tool",
        fault="http_500",
    )
    assert (told.answer_ok, made_up.answer_ok) == (True, False)


async def test_rest_of_an_answer_that_was_interrupted_must_not_be_heard(listener):
    *_, third = (f"{part}." for part in RETURN.answer.rstrip(".").split(". "))
    obeyed, _ = await held(
        listener,
        [[(0.8, await first_second(RETURN.answer))], [(0.8, LAST.answer)]],
        (RETURN, LAST),
        interrupts=True,
        moment="mid",
    )
    went_on, _ = await held(
        listener,
        [[(0.8, await first_second(RETURN.answer))], [(0.4, third), (0.1, LAST.answer)]],
        (RETURN, LAST),
        interrupts=True,
        moment="mid",
    )
    assert (obeyed.answer_ok, went_on.answer_ok) == (True, False)


async def first_second(text: str) -> Pcm:
    return (await speak(text, 8000)).between(0, 1.0)


def test_dead_air_counts_only_while_something_is_owed():
    spans = [Span(1.0, 2.0), Span(9.0, 10.0)]
    assert dead_air_ms(spans, [Owed(0.0, 2.0), Owed(7.0, 10.0)]) == pytest.approx(2000)
    assert dead_air_ms(spans, [Owed(0.0, 10.0)]) == pytest.approx(7000)
    assert dead_air_ms([], [Owed(3.0, 8.0)]) == pytest.approx(5000)
    assert dead_air_ms(spans, []) == 0


async def test_every_phrase_is_found_in_its_own_sentence_and_in_no_other(listener):
    sentences = sorted({*script.SENTENCES.values()})
    quiet = np.zeros(4000, np.int16)
    for sentence in sentences:
        track = np.concatenate([quiet, await sound(sentence), quiet])
        found = {phrase for phrase in script.SENTENCES if listener.heard(phrase, track)}
        own = {phrase for phrase, text in script.SENTENCES.items() if text == sentence}
        assert found == own, sentence


async def test_phrase_is_found_where_it_was_said(listener):
    quiet, said = np.zeros(8000, np.int16), await sound(HOURS.answer)
    track = np.concatenate([quiet, said, quiet, said])
    first, second = listener.find(HOURS.phrases[0], track)
    apart_s = (quiet.size + said.size) / 8000
    assert second.span.start_s - first.span.start_s == pytest.approx(apart_s, abs=0.03)
    last = audible_spans(track[: quiet.size + said.size])[-1]
    assert first.span.end_s == pytest.approx(last.end_s, abs=0.1)
