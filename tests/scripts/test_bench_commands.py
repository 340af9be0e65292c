"""The benches read their command lines and word their figures; they measure nothing here."""

import os
from pathlib import Path
from typing import Any

import pytest

from rehearsal.call_report import TurnReport
from scripts import bench_calls, bench_start
from scripts.bench_calls import CallFigures, Round, Usage, percentile
from scripts.bench_start import read_imports, size_on_disk, uv_cache_state

USAGE = Usage(
    wall_s=60, cpu_s=9, rss_before_mb=300, rss_peak_mb=380, callers_cpu_s=1, others_cores=0.25
)
IDLE = Usage(
    wall_s=20, cpu_s=0.1, rss_before_mb=301, rss_peak_mb=302, callers_cpu_s=0, others_cores=0
)


def turn(said: str, voice_to_voice_ms: float | None, **stages: Any) -> TurnReport:
    return TurnReport(
        said=said,
        heard_as=said,
        answer="",
        expect="",
        problem="",
        said_at_s=None,
        answered_at_s=None,
        answer_ended_at_s=None,
        voice_to_voice_ms=voice_to_voice_ms,
        dead_air_ms=voice_to_voice_ms,
        stages=stages or None,
    )


def two_calls() -> Round:
    held = CallFigures(
        duration_s=45,
        turns=[
            turn("", None),
            turn("where is my order", 600, turn_end_ms=400.0, first_audio_out_ms=500.0),
            turn("yes", 800, turn_end_ms=500.0, filler_audio_out_ms=700.0),
        ],
        providers={"stt": {"title": "pocketsphinx"}},
    )
    lost = CallFigures(duration_s=15, turns=[turn("hello", None)], problems=["Nothing was said."])
    return Round(USAGE, [held, lost])


@pytest.mark.parametrize("text", ["", "0", "1,two", "-4", "1,,8", "201"])
def test_calls_at_once_that_are_no_numbers_are_refused_in_a_sentence(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench_calls.arguments([f"--n={text}"])
    said = f'argument --n: "{text}" should be numbers of calls from 1 to 200, as in 1,4,8.'
    assert said in capsys.readouterr().err


def test_a_bot_that_is_not_there_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench_calls.arguments(["--bot", "nobody"])
    said = 'There is no bot "nobody". There are: order_support, '
    assert said in capsys.readouterr().err


def test_the_same_number_of_calls_may_be_asked_for_several_times() -> None:
    assert bench_calls.arguments(["--n", "1,1,8"]).n == (1, 1, 8)
    assert bench_calls.arguments([]).n == (1, 4, 8)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([None], 95, None),
        ([7.0], 95, 7.0),
        ([30.0, None, 10.0, 20.0], 50, 20.0),
        ([10.0, 20.0], 50, 15.0),
        ([float(n) for n in range(101)], 95, 95.0),
    ],
)
def test_percentile_counts_known_values_only(
    values: list[float | None], percent: float, expected: float | None
) -> None:
    assert percentile(values, percent) == expected


def test_a_round_is_summed_up_over_its_calls_and_the_lines_the_caller_spoke() -> None:
    assert two_calls().summary() == {
        "calls": 2,
        "calls_as_expected": 1,
        "turns": 3,
        "voice_to_voice_p50_ms": 700,
        "voice_to_voice_p95_ms": 790,
        "stages_p50_ms": {
            "transcript_final_ms": None,
            "turn_end_ms": 450,
            "first_token_ms": None,
            "first_speakable_text_ms": None,
            "first_audio_ms": None,
            "first_audio_out_ms": 500,
        },
        "fillers": 1,
        "longest_dead_air_ms": 800,
        "call_minutes": 1,
        "cpu_s_per_call_minute": 9,
        "rss_before_mb": 300,
        "rss_peak_mb": 380,
        "mb_per_call": 40,
        "callers_cpu_s": 1,
        "others_cores": 0.25,
    }


def test_calls_that_never_came_about_have_no_cost_per_minute() -> None:
    refused = Round(USAGE, [CallFigures(problems=["The call was turned away."])])
    assert refused.summary()["cpu_s_per_call_minute"] is None


def test_figures_of_calls_become_a_table_with_the_idle_server_beside_them() -> None:
    alone = Round(USAGE, [CallFigures(duration_s=30, turns=two_calls().calls[0].turns)])
    figures = bench_calls.report(
        "order_support", "espeak:en", IDLE, [alone, two_calls()], load_before=0.4
    )
    text = bench_calls.as_markdown(figures)
    assert text.startswith("Bot `order_support`, caller `espeak:en`, ")
    assert "load average 0.4 before. Providers: pocketsphinx." in text
    for line in (
        "|  | idle | 1 call | 2 at once |",
        "| --- | ---: | ---: | ---: |",
        "| calls as expected |  | 1 of 1 | 1 of 2 |",
        "| voice to voice p50, ms |  | 700 | 700 |",
        "| first token, median ms |  | - | - |",
        "| server CPU s per call-minute | 0.30 per minute | 18.00 | 9.00 |",
        "| server memory before, MB | 301 | 300 | 300 |",
        "| memory per call, MB |  | 80.0 | 40.0 |",
        "| where is my order | 600 | - | 400 | - | - | - | 500 |",
        "NOT AS EXPECTED: Nothing was said.",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize("text", ["0", "many", "100", "-1"])
def test_a_number_of_runs_that_is_none_is_refused_in_a_sentence(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench_start.arguments([f"--runs={text}"])
    said = f'argument --runs: "{text}" should be a number of runs from 1 to 99.'
    assert said in capsys.readouterr().err


def test_cold_without_an_install_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench_start.arguments(["--only", "start", "--cold"])
    assert "--cold is about installing, which --only start leaves out." in capsys.readouterr().err


def test_import_times_are_added_up_by_package_among_other_lines_of_a_log() -> None:
    log = """
import time: self [us] | cumulative | imported package
import time:      1500 |       1500 |     openai.types
import time:       500 |       2000 |   openai
08:00:00 INFO Ready
import time:      3000 |       5000 | calls
"""
    imports = read_imports(log, 1.8)
    assert (imports.modules, imports.total_ms, imports.ready_s) == (3, 5.0, 1.8)
    assert list(imports.by_package_ms.items()) == [("calls", 3.0), ("openai", 2.0)]


def test_a_linked_file_takes_up_its_room_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * 20_000)
    alone = size_on_disk(tmp_path)
    (tmp_path / "folder").mkdir()
    os.link(tmp_path / "one", tmp_path / "folder" / "linked")
    assert size_on_disk(tmp_path) == alone
    assert alone[0] >= 20_000
    assert alone[1] == 1


def test_the_cache_of_uv_is_warm_once_it_has_unpacked_something(tmp_path: Path) -> None:
    environment = {"UV_CACHE_DIR": str(tmp_path)}
    assert uv_cache_state(environment) == "empty"
    (tmp_path / "archive-v0").mkdir()
    assert uv_cache_state(environment) == "empty"
    (tmp_path / "archive-v0" / "a-package").mkdir()
    assert uv_cache_state(environment) == "warm"


def test_figures_of_starts_become_tables() -> None:
    figures = {
        "processors": 2,
        "load_average": [0.5, 1.25],
        "install": {
            "commit": "abc1234",
            "cache": "warm",
            "setup_s": 12.4,
            "venv_mb": 700.2,
            "files": 20000,
            "largest_mb": {"cv2": 90.6},
            "first_ready_s": 6.04,
        },
        "starts": {"first_s": (3.0, 5.0, 4.0), "later_s": (2.0, 1.5, 1.75)},
        "imports": {
            "ready_s": 1.8,
            "modules": 2201,
            "total_ms": 1450.0,
            "by_package_ms": {"openai": 364.4},
        },
    }
    lines = bench_start.as_markdown(figures).splitlines()
    for line in (
        "2 processors, load average before and after: 0.5, 1.2.",
        "- `make setup` on an empty clone of abc1234: 12 s (uv's cache: warm)",
        "- `.venv`: 700 MB on disk in 20000 files",
        "| cv2 | 91 |",
        "| first start, empty data folder | 4.00 | 3.00 | 5.00 | 3 |",
        "| later start | 1.75 | 1.50 | 2.00 | 3 |",
        "| openai | 364 |",
    ):
        assert line in lines
