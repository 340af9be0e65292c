"""The bench of faults: which calls it places, what it orders to fail, and how it tells."""

import json
from typing import Any

import pytest

from calls.spare_phrases import ENGLISH
from rehearsal.faults import script
from rehearsal.faults.script import DELIVERY, HOURS, LAST, ORDER, ORDER_ALOUD, RETURN
from rehearsal.order_desk import DESK_FAULTS, OrderDesk
from rehearsal.standins import StandIns
from rehearsal.standins.faults import KINDS
from rehearsal.standins.seats import PROVIDERS
from scripts import bench_faults
from scripts.faults import report
from scripts.faults.cells import BACKUPS, SEATS, Cell, all_cells, faults_of, only, sample
from scripts.faults.outage import Outage
from scripts.faults.picture import picture
from scripts.faults.run import Plan
from scripts.faults.verdict import Verdict
from services.failover.llm.backed import APOLOGY

KEYS = {
    *("system", "stage", "fault", "moment", "dead_air_ms", "completed", "answer_ok"),
    *("said_once", "tool_runs", "leaked"),
}


def verdict(cell: Cell, **other: Any) -> Verdict:
    """A call in which all went well, but for `other`."""
    well: dict[str, Any] = {
        "dead_air_ms": 1200.0,
        "completed": True,
        "answer_ok": True,
        "said_once": True,
        "tool_runs": 1,
        "leaked": 0,
        "turns": 2,
        "lines": 2,
        "ended_by": "caller",
        "parted": False,
        "heard": {"Wednesday afternoon": 1},
    }
    return Verdict(cell.system, cell.stage, cell.fault, cell.moment, **{**well, **other})


def backup_cell(stage: Any, fault: str, moment: Any) -> Cell:
    return Cell("backup", stage, fault, moment)


def test_every_fault_of_every_stage_is_tried_at_three_moments_on_three_systems():
    cells = set(all_cells())
    for system in ("backup", "single", "stock"):
        for stage, seat in SEATS.items():
            speaks = PROVIDERS[seat].seats[seat]
            kinds = {k.name for k in KINDS.values() if speaks in k.by} - {"stale_context"}
            for fault in kinds:
                for moment in ("first", "third", "mid"):
                    assert Cell(system, stage, fault, moment) in cells  # type: ignore[arg-type]
        for fault in DESK_FAULTS:
            assert Cell(system, "tool", fault, "third") in cells  # type: ignore[arg-type]


def test_backups_are_other_providers_and_can_be_stood_in_for():
    assert set(BACKUPS) == set(SEATS)
    assert set(BACKUPS.values()) <= set(PROVIDERS)
    assert not set(BACKUPS.values()) & set(SEATS.values())


def test_faulty_turn_is_the_one_before_the_last_line():
    assert backup_cell("llm", "late", "first").lines == (ORDER, LAST)
    assert backup_cell("llm", "late", "third").lines == (HOURS, DELIVERY, ORDER, LAST)
    assert backup_cell("llm", "late", "third").faulty_line == 2
    assert backup_cell("tts", "close", "mid").lines == (RETURN, LAST)
    assert backup_cell("tool", "slow", "mid").lines == (ORDER_ALOUD, LAST)


def test_cells_can_be_chosen_by_stage_by_fault_and_by_moment():
    cells = all_cells(["backup"])
    assert {cell.stage for cell in only(cells, "tts")} == {"tts"}
    assert {cell.moment for cell in only(cells, "llm/stall")} >= {"first", "third", "mid"}
    assert only(cells, "llm/stall/mid") == [Cell("backup", "llm", "stall", "mid")]


def test_cell_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match=r'no "llm/no_audio".*llm/stall'):
        only(all_cells(), "llm/no_audio")


def test_unknown_system_is_refused_in_a_sentence(capsys):
    assert bench_faults.main(["--systems", "backup,other"]) == 2
    assert 'no system "other". There are: backup, single, stock.' in capsys.readouterr().err


def test_sample_is_the_same_for_every_system_and_for_the_same_seed():
    cells = all_cells()
    chosen = sample(cells, seed=7, per_system=3)
    assert chosen == sample(cells, seed=7, per_system=3)
    by_system = {
        system: [(c.stage, c.fault, c.moment) for c in chosen if c.system == system]
        for system in ("backup", "single", "stock")
    }
    assert by_system["backup"] == by_system["single"] == by_system["stock"]
    assert len(set(by_system["stock"])) == 3


def test_sample_takes_another_stage_for_each_cell_and_other_seeds_take_others():
    cells = all_cells(["backup"])
    assert len({cell.stage for cell in sample(cells, seed=1, per_system=4)}) == 4
    assert len({tuple(sample(cells, seed=seed, per_system=2)) for seed in range(20)}) > 10


def test_quick_run_places_the_seeds_sample_and_writes_it_as_json(monkeypatch, tmp_path, capsys):
    placed: list[tuple[list[Cell], Plan]] = []

    def run(cells: list[Cell], plan: Plan, on_verdict: Any) -> list[Verdict]:
        placed.append((cells, plan))
        return [verdict(cell) for cell in cells]

    monkeypatch.setattr(bench_faults, "run", run)
    rows = tmp_path / "rows.json"
    assert bench_faults.main(["--quick", "--seed", "3", "--json", str(rows)]) == 0
    cells, plan = placed[0]
    assert cells == sample(all_cells(), seed=3, per_system=2)
    assert plan.seed == 3
    written = json.loads(rows.read_text())
    assert len(written) == 6
    assert all(set(row) >= KEYS for row in written)
    assert "Switchboard with a backup" in capsys.readouterr().out


def test_full_run_without_all_of_its_calls_does_not_pass_for_one(monkeypatch, tmp_path):
    monkeypatch.setattr(bench_faults, "run", lambda cells, plan, say: [])
    assert bench_faults.main(["--only", "tool/slow", "--out", str(tmp_path)]) == 1


def test_run_that_was_broken_off_is_resumed_where_it_was(monkeypatch, tmp_path):
    placed: list[Cell] = []

    def run(cells: list[Cell], plan: Plan, on_verdict: Any) -> list[Verdict]:
        placed.extend(cells)
        return [verdict(cell, dead_air_ms=2000.0) for cell in cells]

    monkeypatch.setattr(bench_faults, "run", run)
    cells = [cell for cell in all_cells() if (cell.stage, cell.fault) == ("tool", "slow")]
    known, rows = tmp_path / "known.json", tmp_path / "rows.json"
    known.write_text(json.dumps([verdict(cell).as_dict() for cell in cells[::2]]))
    arguments = ["--only", "tool/slow", "--out", str(tmp_path), "--json", str(rows)]
    assert bench_faults.main([*arguments, "--resume", str(known)]) == 0
    assert placed == cells[1::2]
    dead_air_ms = [row["dead_air_ms"] for row in json.loads(rows.read_text())]
    assert dead_air_ms[::2] == [verdict(cell).dead_air_ms for cell in cells[::2]]
    assert set(dead_air_ms[1::2]) == {2000.0}


def test_rows_that_cannot_be_read_are_refused_in_a_sentence(tmp_path, capsys):
    assert bench_faults.main(["--resume", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err


def test_page_shows_figures_failures_picture_and_command(monkeypatch, tmp_path):
    def run(cells: list[Cell], plan: Plan, on_verdict: Any) -> list[Verdict]:
        return [verdict(c, dead_air_ms=1000.0 if c.system == "backup" else 12_000) for c in cells]

    monkeypatch.setattr(bench_faults, "run", run)
    docs = tmp_path / "docs"
    bench_faults.main(["--only", "llm/stall", "--out", str(tmp_path), "--docs", str(docs)])
    page = (docs / "faults.md").read_text()
    assert "(faults.svg)" in page
    assert "`.venv/bin/python -m scripts.bench_faults --only llm/stall" in page
    assert "single provider, language model `stall`, first turn: 12.0 s of dead air" in page
    assert str(tmp_path) not in page
    assert (docs / "faults.svg").read_text().startswith("<svg")


def test_summary_counts_what_is_not_right():
    cells = [backup_cell("llm", "stall", m) for m in ("first", "third", "mid")]
    rows = [
        verdict(cells[0], dead_air_ms=800.0),
        verdict(cells[1], dead_air_ms=3400.0, answer_ok=False, leaked=2),
        verdict(cells[2], dead_air_ms=1500.0, said_once=False, tool_runs=2, completed=False),
    ]
    last = report.summary(rows).splitlines()[-1]
    figures = [part.strip() for part in last.strip("|").split("|")][1:]
    assert figures == ["3", "3.4 s", "1.5 s", "1", "2/3", "0", "2/3", "1", "1", "1"]


def test_table_marks_what_is_too_long_and_what_is_wrong():
    cell = backup_cell("tts", "close", "mid")
    right = report.table([verdict(cell)]).splitlines()[-1]
    assert right == "| text-to-speech | `close` | 1.2 |"
    long = report.table([verdict(cell, dead_air_ms=3100.0)]).splitlines()[-1]
    assert long == "| text-to-speech | `close` | **3.1** |"
    wrong = report.table([verdict(cell, said_once=False)]).splitlines()[-1]
    assert wrong == "| text-to-speech | `close` | 1.2 ✗ |"
    polite = report.table([verdict(cell, completed=False, parted=True)]).splitlines()[-1]
    assert polite == "| text-to-speech | `close` | 1.2 bye |"


def test_what_still_fails_is_told_of_switchboard_only():
    ours = verdict(backup_cell("stt", "late", "first"), tool_runs=3, leaked=1)
    theirs = verdict(Cell("stock", "stt", "late", "first"), dead_air_ms=12_000.0)
    told = report.failures([ours, theirs])
    assert "the tool ran 3 times, 1 tasks or sockets were left" in told
    assert "stock" not in told
    assert report.failures([verdict(backup_cell("stt", "late", "first"))]) == ""


def test_picture_has_a_dot_for_every_call_and_colours_for_both_grounds():
    rows = [verdict(cell) for cell in all_cells() if cell.moment == "first"]
    rows[0] = verdict(backup_cell("llm", "stall", "first"), answer_ok=False)
    svg = picture(rows)
    assert svg.count("<circle") == len(rows)
    assert svg.count('class="wrong"') == 1
    assert "prefers-color-scheme: dark" in svg


def test_words_that_are_listened_for_are_those_that_switchboard_says():
    listened_for = {*script.ASKS_AGAIN.values(), *script.PARTING.values()}
    said = {*ENGLISH.ask_again, *ENGLISH.goodbye, APOLOGY, script.NOT_UNDERSTOOD}
    assert listened_for == said


def test_fault_of_the_first_turn_is_there_before_the_call():
    providers, desk = StandIns(), OrderDesk()
    outage = Outage(backup_cell("llm", "http_503", "first"), providers, desk)
    outage.before_call()
    assert [fault.kind for fault in providers.house.faults["openai"]] == ["http_503"]


def test_fault_of_the_third_turn_is_there_with_the_third_line_and_not_before():
    providers = StandIns()
    outage = Outage(backup_cell("tts", "no_audio", "third"), providers, OrderDesk())
    outage.before_call()
    outage.before_line(0)
    outage.before_line(1)
    assert not providers.house.faults
    outage.before_line(2)
    assert [fault.kind for fault in providers.house.faults["cartesia"]] == ["no_audio"]


def test_provider_that_must_be_connected_to_anew_for_its_fault_loses_its_connections():
    providers, broken_off = StandIns(), []
    providers.house.opened("deepgram", lambda: broken_off.append("deepgram"))
    outage = Outage(backup_cell("stt", "http_401", "third"), providers, OrderDesk())
    outage.before_line(2)
    assert broken_off == ["deepgram"]


@pytest.mark.parametrize("fault", ["http_500", "no_audio"])
def test_running_answer_breaks_off_and_what_follows_meets_the_fault(fault):
    providers = StandIns()
    for text in ("Hello.", "Your order."):
        providers.house.begin("cartesia", "turn", text)
    providers.house.begin("cartesia", "connection", "")
    outage = Outage(backup_cell("tts", fault, "mid"), providers, OrderDesk())
    outage.before_line(0)
    cut, then = providers.house.faults["cartesia"]
    assert (cut.kind, cut.first, cut.last) == ("close", 3, 3)
    assert (then.kind, then.first, then.last) == (fault, 2 if fault == "http_500" else 4, None)


def test_speech_to_text_fails_while_the_bot_speaks():
    providers, broken_off = StandIns(), []
    providers.house.opened("deepgram", lambda: broken_off.append("deepgram"))
    outage = Outage(backup_cell("stt", "never_answers", "mid"), providers, OrderDesk())
    outage.before_line(0)
    assert not providers.house.faults
    outage.while_answered(0)
    assert [fault.kind for fault in providers.house.faults["deepgram"]] == ["never_answers"]
    assert broken_off == ["deepgram"]


def test_call_beside_keeps_its_own_providers_well():
    providers = StandIns()
    outage = Outage(backup_cell("llm", "stall", "beside"), providers, OrderDesk())
    outage.before_call()
    hit = providers.house.begin("openai", "turn", {}, ORDER.say)
    spared = providers.house.begin("openai", "turn", {}, HOURS.say)
    assert "stall" in hit
    assert "stall" not in spared


def test_tool_fails_and_no_provider_does():
    providers, desk = StandIns(), OrderDesk()
    Outage(backup_cell("tool", "hangs", "first"), providers, desk).before_call()
    assert desk.fault == "hangs"
    assert not providers.house.faults


def test_healthy_call_meets_nothing():
    providers, desk = StandIns(), OrderDesk()
    outage = Outage(Cell("stock", "none", "none", "mid"), providers, desk)
    outage.before_call()
    outage.before_line(0)
    outage.while_answered(0)
    assert desk.fault is None
    assert not providers.house.faults


def test_every_fault_can_be_ordered_at_every_moment():
    for cell in all_cells(["backup"]):
        outage = Outage(cell, StandIns(), OrderDesk())
        outage.before_call()
        for place in range(len(cell.lines)):
            outage.before_line(place)
            outage.while_answered(place)


def test_faults_of_a_tool_are_the_order_desks():
    assert faults_of("tool") == DESK_FAULTS
