import json
from pathlib import Path

from rehearsal.call_record import CallRecord


def write(path: Path, *events: dict) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        for event in events:
            file.write(json.dumps(event) + "\n")


def heard(at_s: float, who: str, text: str) -> dict:
    return {"at_s": at_s, "kind": "heard", "who": who, "text": text}


def test_a_call_that_has_no_record_yet_said_nothing(tmp_path: Path) -> None:
    assert CallRecord(tmp_path / "calls").words_since(0) == ""


def test_only_the_new_call_is_read_and_read_on_as_it_grows(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    write(folder / "yesterday.jsonl", heard(1, "bot", "old words"))
    record = CallRecord(folder)
    write(folder / "today.jsonl", heard(1, "bot", "Hello."), heard(4, "caller", "my order"))
    assert record.words_since(0) == "Hello."
    write(folder / "today.jsonl", heard(6, "bot", "Which"), heard(6.5, "bot", "number?"))
    assert record.words_since(2) == "Which number?"
    assert record.words_since(2, who="caller") == "my order"


def test_a_line_that_is_still_being_written_waits(tmp_path: Path) -> None:
    record = CallRecord(tmp_path)
    path = tmp_path / "call.jsonl"
    line = json.dumps(heard(1, "bot", "Hello."))
    path.write_text(line[:10])
    assert record.events() == []
    path.write_text(line + "\n")
    assert record.words_since(0) == "Hello."


async def test_the_last_line_closes_the_record(tmp_path: Path) -> None:
    record = CallRecord(tmp_path)
    assert not await record.closed(timeout_s=0)
    write(tmp_path / "call.jsonl", {"at_s": 9, "kind": "end", "reason": "caller hung up"})
    assert await record.closed(timeout_s=0)
