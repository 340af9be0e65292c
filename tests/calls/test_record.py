"""What remains of a call, written while it runs."""

import json
from pathlib import Path

from calls.record import CallRecord
from processors.stages.report import Stages


def events(record: CallRecord) -> list[dict]:
    return [json.loads(line) for line in record.path.read_text().splitlines()]


def test_event_is_on_disk_before_the_call_is_over(tmp_path: Path) -> None:
    clock = iter([100.0, 100.0, 102.5])
    record = CallRecord(tmp_path / "calls", "a-call", now=lambda: next(clock))
    record.opened(bot="greeter")
    record.heard("caller", " where is my order ")
    assert events(record) == [
        {"at_s": 0.0, "kind": "call", "bot": "greeter"},
        {"at_s": 2.5, "kind": "heard", "who": "caller", "text": "where is my order"},
    ]


def test_silence_is_no_event(tmp_path: Path) -> None:
    record = CallRecord(tmp_path, "a-call")
    record.heard("bot", "  ")
    assert not record.path.exists()


def test_first_reason_for_the_end_counts(tmp_path: Path) -> None:
    record = CallRecord(tmp_path, "a-call")
    record.ending("bot said goodbye")
    record.ending("the caller hung up")
    record.closed()
    assert events(record)[-1]["reason"] == "bot said goodbye"


def test_summary_counts_the_first_that_was_heard_be_it_a_filler(tmp_path: Path) -> None:
    record = CallRecord(tmp_path, "a-call")
    record.turn(Stages(turn=1, said="a", first_audio_out_ms=640.4))
    record.turn(Stages(turn=2, said="b", first_audio_out_ms=3000.0, filler_audio_out_ms=800.0))
    record.turn(Stages(turn=3, said="c"))
    assert record.summary(12.0, "ended").endswith("640 ms 800 ms no answer")


def test_record_that_cannot_be_written_never_touches_the_call(tmp_path: Path) -> None:
    in_the_way = tmp_path / "calls"
    in_the_way.write_text("a file where the folder should be")
    record = CallRecord(in_the_way, "a-call")
    record.opened(bot="greeter")
    record.heard("bot", "hello")
    record.closed()
    assert in_the_way.read_text() == "a file where the folder should be"
