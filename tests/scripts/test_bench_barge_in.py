"""The bench of barge-in: its labelled set, and what it makes of the audio that was heard."""

from pathlib import Path

import pytest

from rehearsal.audible import Span
from rehearsal.barge_in.labelled import Labelled, labelled
from rehearsal.barge_in.mind import BriefMind, line_with
from rehearsal.barge_in.outcome import Outcome, outcome_of
from rehearsal.barge_in.sounds import keys, sound_of
from rehearsal.standins.prompt import Message, Prompt
from rehearsal.turns.talk import Intruded, Turn
from scripts import bench_barge_in
from scripts.barge_in_bench.report import table, write_page
from scripts.barge_in_bench.summary import summary

STOP = Labelled(0, "barge-in", "stop", "espeak:en-us+f3@165", 2.0, 0.0)
RIGHT = Labelled(1, "backchannel", "right", "espeak:en-us+m3@150", 2.0, -6.0)
SOUND = Span(5.0, 5.4)


def turn(item: Labelled, heard: Span | None) -> Turn:
    line = line_with(item)
    return Turn(line, Span(1.0, 2.0), 20.0, heard, intruded=[Intruded(line.into[0], SOUND)])


def test_the_set_is_the_same_for_the_same_seed_and_has_of_everything() -> None:
    items = labelled(40, 1)
    assert items == labelled(40, 1) != labelled(40, 2)
    assert {item.label for item in items} == {"barge-in", "backchannel", "noise", "echo"}
    assert sum(item.label == "barge-in" for item in items) == 20
    assert any(item.answers for item in items)


def test_bot_that_falls_silent_has_stopped() -> None:
    outcome = outcome_of(STOP, turn(STOP, None), [Span(3.0, 5.2), Span(6.5, 7.0)])
    assert outcome is not None
    assert outcome.stopped
    assert outcome.stop_ms == pytest.approx(200)


def test_bot_that_goes_on_was_silent_from_the_end_of_the_sound() -> None:
    outcome = outcome_of(RIGHT, turn(RIGHT, Span(9.0, 9.5)), [Span(3.0, 5.2), Span(5.7, 9.5)])
    assert outcome is not None
    assert not outcome.stopped
    assert outcome.resume_ms == pytest.approx(300)


def test_what_was_not_let_hear_counts_as_missing() -> None:
    assert outcome_of(STOP, Turn(line_with(STOP)), []) is None
    assert summary([], wanted=3, calls_failed=1)["sounds_missing"] == 3


def test_precision_and_recall_are_those_of_interruptions() -> None:
    outcomes = [
        Outcome(STOP, True, stop_ms=200.0),
        Outcome(STOP, False),
        Outcome(RIGHT, True),
        Outcome(RIGHT, False, resume_ms=250.0),
    ]
    figures = summary(outcomes, wanted=4, calls_failed=0)
    assert (figures["precision"], figures["recall"]) == (0.5, 0.5)
    assert (figures["stop_p50_ms"], figures["resume_p50_ms"]) == (200.0, 250.0)
    assert (figures["backchannel_stopped"], figures["backchannel_sounds"]) == (1, 2)


def test_page_keeps_what_people_wrote(tmp_path: Path) -> None:
    page = tmp_path / "barge-in.md"
    figures = {"switchboard": summary([Outcome(STOP, True, 200.0)], wanted=1, calls_failed=0)}
    write_page(figures, page, command="bench", took_s=60)
    page.write_text(page.read_text() + "\nOur words.\n")
    write_page(figures, page, command="bench again", took_s=60)
    text = page.read_text()
    assert "Our words." in text
    assert "`bench again`, 1 minutes." in text
    assert table(figures) in text
    assert "`bench`" not in text


@pytest.mark.parametrize(
    ("asked", "begins"),
    [("tell me how delivery works", "First"), ("where is your parking", "Shall"), ("stop", "All")],
)
def test_every_question_has_its_answer(asked: str, begins: str) -> None:
    assert BriefMind()(Prompt((Message("user", asked),))).text.startswith(begins)


async def test_soft_sounds_are_soft_and_noises_have_no_words() -> None:
    loud, soft = [await sound_of(item) for item in (STOP, RIGHT)]
    assert abs(loud.pcm).max() > 1.3 * abs(soft.pcm).max()
    assert not keys(1).phrases


def test_unknown_system_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench_barge_in.main(["--systems", "nobody"])
    assert 'There is no system "nobody".' in capsys.readouterr().err
