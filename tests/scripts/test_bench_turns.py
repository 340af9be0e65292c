"""The bench of turns: what it measures in a call whose sounds are known."""

from pathlib import Path

import pytest

from rehearsal.audible import Span
from rehearsal.standins.prompt import Message, Prompt, ToolCall
from rehearsal.turns import script
from rehearsal.turns.figures import CallFigures, figures_of, needed_calls
from rehearsal.turns.mind import Mind, Tally, answer
from rehearsal.turns.script import COST, DELIVERY, GIFT, HOURS, LAMP, ORDER, PARKING, PAYING, Line
from rehearsal.turns.talk import Intruded, Turn
from scripts import bench_turns
from scripts.turns_bench import process_tree
from scripts.turns_bench.lane import Round
from scripts.turns_bench.latencies import floor
from scripts.turns_bench.page import write_page
from scripts.turns_bench.percentile import percentile
from scripts.turns_bench.report import table
from scripts.turns_bench.run import Plan, run
from scripts.turns_bench.summary import Figures, summary


def turn(
    line: Line, spoken: Span, heard: Span | None, *sounds: Span, cut_off: bool = False
) -> Turn:
    intruded = [Intruded(sound, span) for sound, span in zip(line.into, sounds, strict=False)]
    return Turn(line, spoken, 99.0, heard, cut_off, intruded)


def asked(*words: str, result: bool = False) -> Prompt:
    messages = [Message("system", "Be kind."), *(Message("user", text) for text in words)]
    if result:
        call = ToolCall("find_order", "{}", "1")
        messages.append(Message("assistant", "", (call,)))
        messages.append(Message("tool", "Wednesday", tool="find_order", call_id="1"))
    return Prompt(tuple(messages))


def test_a_plain_turn_is_timed_from_the_end_of_speech_to_the_first_sound():
    held = [turn(HOURS, Span(1.0, 3.0), Span(5.0, 6.0))]
    assert figures_of(held, [Span(3.75, 6.0)]).plain_ms == [pytest.approx(750)]


def test_a_turn_without_its_answer_is_not_timed_but_counted():
    figures = figures_of([turn(HOURS, Span(1.0, 3.0), None)], [Span(3.5, 4.0)])
    assert (figures.plain_ms, figures.unanswered, figures.turns) == ([], 1, 1)


def test_a_bot_that_speaks_into_the_thinking_pause_cuts_in_and_is_not_timed():
    held = [turn(PARKING, Span(1.0, 4.0), Span(5.0, 6.0))]
    figures = figures_of(held, [Span(2.4, 2.8), Span(4.6, 6.0)])
    assert (figures.cut_ins, figures.pauses, figures.pause_ms) == (1, 1, [])


def test_the_end_of_the_answer_before_is_no_cut_in():
    held = [turn(PARKING, Span(1.0, 4.0), Span(5.0, 6.0))]
    figures = figures_of(held, [Span(0.0, 1.2), Span(4.6, 6.0)])
    assert (figures.cut_ins, figures.pause_ms) == (0, [pytest.approx(600)])


def test_an_answer_that_goes_on_after_a_backchannel_was_not_stopped():
    held = [turn(PAYING, Span(1.0, 3.0), Span(11.0, 12.0), Span(5.0, 5.3), Span(8.0, 8.3))]
    figures = figures_of(held, [Span(3.6, 5.1), Span(5.4, 12.0)])
    assert (figures.false_stops, figures.sounds) == (0, 2)
    assert figures.longest_break_ms[0] == pytest.approx(300)


def test_an_answer_that_breaks_off_at_a_backchannel_was_stopped_once():
    held = [turn(PAYING, Span(1.0, 3.0), None, Span(5.0, 5.3), Span(8.0, 8.3))]
    figures = figures_of(held, [Span(3.6, 5.4)])
    assert (figures.false_stops, figures.sounds) == (1, 1)


def test_an_answer_that_is_said_anew_much_later_was_stopped():
    held = [turn(PAYING, Span(1.0, 3.0), Span(14.0, 15.0), Span(5.0, 5.3))]
    assert figures_of(held, [Span(3.6, 5.4), Span(7.0, 15.0)]).false_stops == 1


def test_a_barge_in_stops_the_bot_after_so_long_and_is_then_answered():
    held = [
        turn(DELIVERY, Span(1.0, 3.0), None, cut_off=True),
        turn(COST, Span(6.0, 8.0), Span(9.0, 10.0)),
    ]
    figures = figures_of(held, [Span(3.7, 6.25), Span(8.8, 10.0)])
    assert figures.barge_stop_ms == [pytest.approx(250)]
    assert figures.barge_ms == [pytest.approx(800)]
    assert figures.unanswered == 0


def test_silence_between_filler_and_answer_is_dead_air_of_the_tool():
    held = [turn(ORDER, Span(1.0, 3.0), Span(7.0, 8.0))]
    figures = figures_of(held, [Span(3.7, 4.5), Span(6.5, 8.0)])
    assert figures.tool_dead_air_ms == [pytest.approx(2000)]
    assert figures.tool_answer_ms == [pytest.approx(4000)]


def test_the_model_asks_both_tools_at_once_and_then_answers():
    reply = answer(asked(LAMP.say))
    assert [call.name for call in reply.calls] == ["check_stock", "next_delivery"]
    assert answer(asked(ORDER.say, result=True)).text == ORDER.answer


def test_the_model_lets_a_caller_finish_who_was_cut_off_in_the_middle():
    first, _, second = PARKING.parts
    assert answer(asked(str(first))).text == script.GO_ON
    assert answer(asked(HOURS.say, str(first), str(second))).text == PARKING.answer


def test_every_line_is_understood_as_itself():
    for line in script.LINES:
        reply = answer(asked(line.say))
        assert (reply.text == line.answer) != bool(reply.calls), line.say


def test_a_greeting_is_no_wasted_call():
    mind = Mind()
    mind(asked())
    mind(asked(HOURS.say))
    assert mind.recount().calls == 1
    assert mind.recount().calls == 0


def test_calls_that_no_turn_needed_are_wasted():
    call = CallFigures(turns=2, duration_s=30.0)
    held = Round([call], Tally(calls=4, tokens_answered=100), [HOURS, GIFT], 1.0, 200.0)
    figures = summary([held], alone_mb=None, n=1)
    assert figures["wasted_calls_per_turn"] == 1.0
    assert figures["cpu_s_per_call_min"] == 2.0
    assert needed_calls([HOURS, ORDER]) == 3


def test_each_further_call_has_its_share_of_the_memory_that_was_added():
    held = Round([CallFigures(duration_s=60.0)] * 5, Tally(), [], 1.0, peak_mb=300.0)
    assert summary([held], alone_mb=200.0, n=5)["mb_per_call"] == 25.0


def test_the_floor_is_the_sum_of_the_medians_when_there_are_no_tails():
    assert floor("even", seed=1)["v2v_p50_ms"] == pytest.approx(490)
    slow = floor("slow", seed=1)["v2v_p95_ms"]
    assert slow is not None
    assert slow > 2000


def test_percentiles_of_nothing_are_nothing():
    assert percentile([], 50) is None
    assert percentile([4.0, 1.0, 2.0], 50) == 2.0


def test_a_tree_counts_grandchildren_whatever_their_names(tmp_path: Path):
    for pid, parent, ticks in ((10, 1, 100), (11, 10, 50), (12, 11, 25), (13, 1, 999)):
        folder = tmp_path / str(pid)
        folder.mkdir()
        fields = ["S", str(parent), *["0"] * 9, str(ticks), "0", "0", "0"]
        (folder / "stat").write_text(f"{pid} (a) b) " + " ".join(fields))
        (folder / "statm").write_text("10 5 1")
    assert set(process_tree.tree(10, tmp_path)) == {10, 11, 12}
    ticks_a_second = process_tree._TICKS_A_SECOND
    assert process_tree.cpu_s(10, tmp_path) == pytest.approx(175 / ticks_a_second)


def test_the_table_has_a_column_for_each_number_of_calls_and_one_for_the_floor():
    figures: Figures = {"v2v_p50_ms": 700.0, "v2v_p95_ms": 900.0}
    figures |= {"false_stops": 1, "sounds": 3, "cut_ins": 0, "pauses": 0}
    bare: Figures = {"v2v_p50_ms": 490.0, "v2v_p95_ms": 600.0}
    text = table({"stock": {"1": figures, "8": figures}, "floor": {"1": bare, "8": bare}})
    heads, _, plain, *rest = text.splitlines()
    assert heads == "| | stock Pipecat, 1 | stock Pipecat, 8 | the providers' own times |"
    assert plain.endswith("| 700 / 900 | 700 / 900 | 490 / 600 |")
    assert any(line.endswith("| 1 of 3 | 1 of 3 | – |") for line in rest)


def test_a_new_run_leaves_what_was_written_below_the_figures(tmp_path: Path):
    results: dict[str, dict[str, Figures]] = {"stock": {"1": {"v2v_p50_ms": 1, "v2v_p95_ms": 2}}}
    write_page(results, tmp_path, command="x", took_s=60)
    page = tmp_path / "turns.md"
    page.write_text(page.read_text() + "\nAnd that is why.\n")
    write_page(results, tmp_path, command="y", took_s=60)
    assert "`y`" in page.read_text()
    assert "`x`" not in page.read_text()
    assert page.read_text().endswith("And that is why.\n")


@pytest.mark.parametrize("wrong", [["--n", "0"], ["--systems", "abacus"], ["--profile", "never"]])
def test_what_cannot_be_measured_is_refused_with_a_sentence(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as refused:
        bench_turns.main(wrong)
    assert refused.value.code == 2
    assert wrong[1] in capsys.readouterr().err


@pytest.mark.long
async def test_a_short_call_to_switchboard_has_all_its_turns_answered(tmp_path: Path):
    plan = Plan(
        tmp_path, ("switchboard",), (1,), "none", 1, 1, quick=True, pinned=False,
        livekit_python=tmp_path,
    )  # fmt: skip
    figures = (await run(plan, print))["switchboard"]["1"]
    assert (figures["calls_failed"], figures["unanswered"]) == (0, 0)
    assert figures["turns"] == len(script.SHORT)
    assert figures["v2v_p50_ms"] is not None
