import json
from pathlib import Path

from rehearsal.audible import Span
from rehearsal.call_record import CallRecord
from rehearsal.call_report import CallReport, latency_line, turn_report
from rehearsal.conversation import Turn

STAGES = {
    "kind": "turn",
    "turn": 1,
    "said": "where is my order",
    "transcript_final_ms": 40.0,
    "turn_end_ms": 160.0,
    "first_token_ms": 165.0,
    "first_speakable_text_ms": None,
    "first_audio_ms": 200.0,
    "first_audio_out_ms": 220.0,
    "filler_audio_out_ms": None,
    "tools": [{"name": "find_order", "start_ms": 170.0, "duration_ms": 12.4}],
    "interrupted": False,
}


def report_of(tmp_path: Path, *events: dict, voice_to_voice_ms: float | None = 260.0):
    record = CallRecord(tmp_path)
    lines = [json.dumps({"at_s": 5.0, **event}) + "\n" for event in events]
    (tmp_path / "call.jsonl").write_text("".join(lines))
    turn = Turn(
        said="where is my order",
        spoken=Span(3.0, 4.0),
        answer=Span(4.26, 6.0),
        voice_to_voice_ms=voice_to_voice_ms,
        dead_air_ms=voice_to_voice_ms,
    )
    return turn_report(turn, record, now_s=7.0)


def test_the_latency_line_adds_up_to_what_was_heard(tmp_path: Path) -> None:
    assert latency_line(report_of(tmp_path, STAGES)) == (
        "voice to voice 260 ms = transcript 40 · turn end 120 · first token 5 · first audio 35"
        " · first audio out 20 · phone line 40 · tool find_order 12 ms"
    )


def test_a_filler_is_said_apart_from_the_answer(tmp_path: Path) -> None:
    stages = {**STAGES, "filler_audio_out_ms": 900.0, "first_audio_out_ms": 2500.0, "tools": []}
    line = latency_line(report_of(tmp_path, stages, voice_to_voice_ms=930.0))
    assert line.startswith("voice to voice 930 ms (a filler; the answer after 2500 ms) = ")
    assert "phone line" not in line


def test_without_the_servers_figures_the_measured_one_stands_alone(tmp_path: Path) -> None:
    assert latency_line(report_of(tmp_path)) == "voice to voice 260 ms"


def test_a_turn_without_an_answer_has_no_latency_line(tmp_path: Path) -> None:
    assert latency_line(report_of(tmp_path, STAGES, voice_to_voice_ms=None)) == ""


def test_of_a_line_heard_in_two_parts_the_answered_one_counts(tmp_path: Path) -> None:
    first = {**STAGES, "turn": 1, "first_audio_out_ms": None, "interrupted": True}
    report = report_of(tmp_path, first, {**STAGES, "turn": 2})
    assert report.stages is not None
    assert report.stages["turn"] == 2


def test_a_call_with_a_problem_is_not_ok() -> None:
    report = CallReport(bot="b", voice="v", run_folder="r")
    assert report.as_dict()["ok"] is True
    report.problems.append("The bot said nothing for 8 s.")
    assert report.as_dict()["ok"] is False
