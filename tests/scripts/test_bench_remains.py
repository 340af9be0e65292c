"""The bench of what remains of calls: its figures and its page; it measures nothing here."""

from pathlib import Path

import pytest

from scripts import bench_remains
from scripts.remains_bench import report
from scripts.remains_bench.lane import Side
from scripts.remains_bench.pairs import shown_by
from scripts.remains_bench.receivers import Received
from scripts.remains_bench.run import Held, Results


def held(side: Side, cpu_s: float, *v2v_ms: float, problem: str = "") -> Held:
    return Held(side, cpu_s, list(v2v_ms), 12.0, [problem] if problem else [])


def results() -> Results:
    return Results(
        {
            "bare": [held("bare", 2.0, 500), held("bare", 4.0, 700), held("bare", 1.0)],
            "everything": [
                held("everything", 2.1, 600),
                held("everything", 4.1, 620),
                held("everything", 1.5, problem="The call was over before its last line."),
            ],
        },
        Received("http://127.0.0.1:1", traces=3, webhooks=12, scrapes=7),
        recordings=12,
    )


def test_differences_are_those_of_the_median_pair_of_rounds() -> None:
    figures = report.figures(results())
    assert figures["cpu_more"]["median"] == pytest.approx(0.05)
    assert figures["v2v_more_ms"]["by_round"] == [100, -80]
    assert figures["sides"]["bare"]["cpu_s_per_call_min"] == 2.0
    assert figures["sides"]["everything"]["v2v_p50_ms"] == 610
    assert figures["sides"]["everything"]["problems"]


def test_table_says_what_was_kept_meanwhile() -> None:
    table = report.table(report.figures(results()))
    assert "+5.0 % (pairs: +5.0, +2.5, +50.0)" in table
    assert "+10 ms (pairs: +100, -80)" in table
    assert "3 traces, 12 webhooks, 7 scrapes, 12 recordings" in table
    assert "127.0.0.1" not in table


def of_pairs(*cpu_more: float) -> str:
    rounds = range(len(cpu_more))
    held_by_side: dict[Side, list[Held]] = {
        "bare": [held("bare", 2.0, 500) for _ in rounds],
        "everything": [held("everything", 2.0 * (1 + more), 500) for more in cpu_more],
    }
    received = Received("http://127.0.0.1:1", traces=3, webhooks=12, scrapes=7)
    return report.table(report.figures(Results(held_by_side, received, recordings=12)))


def test_fewer_than_six_pairs_show_nothing() -> None:
    assert "**Inconclusive**" in of_pairs(0.02, 0.02, 0.02, 0.02, 0.02)
    assert "less than 5 %" in of_pairs(0.02, 0.02, 0.02, 0.02, 0.02, 0.02)


def test_pairs_on_both_sides_of_the_bound_show_nothing() -> None:
    assert "**Inconclusive**" in of_pairs(0.02, 0.03, 0.09, 0.03, 0.02, 0.01)
    assert "**That is more than 5 %**" in of_pairs(0.07, 0.06, 0.09, 0.08, 0.06, 0.06)


def test_one_pair_of_many_that_the_machine_spoilt_changes_nothing() -> None:
    quiet = [0.01, 0.02, 0.03, 0.02, 0.01, 0.02, 0.03, 0.02]
    assert "less than 5 %" in of_pairs(*quiet, 0.5)
    assert "between +1.0 and +3.0 %" in of_pairs(*quiet, 0.5)


def test_bounds_are_those_of_the_sign_test() -> None:
    assert shown_by(range(1, 9))[1:] == (1, 8)
    assert shown_by(range(1, 10))[1:] == (2, 8)
    assert shown_by(range(1, 21))[1:] == (6, 15)
    assert shown_by([]) == (None, None, None)


def test_what_people_wrote_below_the_figures_stays(tmp_path: Path) -> None:
    page = tmp_path / "records-cost.md"
    report.write_page(report.figures(results()), page, command="first", took_s=60)
    page.write_text(page.read_text() + "\nWhere it goes: to the disk.\n")
    report.write_page(report.figures(results()), page, command="second", took_s=60)
    text = page.read_text()
    assert "Where it goes: to the disk." in text
    assert "`second`" in text
    assert "`first`" not in text


def test_more_lines_than_the_conversation_has_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench_remains.main(["--lines", "99"])
    assert "--lines" in capsys.readouterr().err
