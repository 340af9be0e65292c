"""What is forgotten is nowhere any more, and what is too old is let go kind by kind."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from calls.callers.key import key_of
from calls.records.database import Database
from calls.records.erasing import calls_of_caller, erase
from calls.records.event import Event
from calls.records.kept import Kept
from calls.records.retaining import LetGo, retain
from calls.records.schema import ms_of
from calls.records.scribe import Scribe
from calls.records.spill import Spill
from calls.webhook.outbox import Outbox, Owed
from scripts.switchboard import cli
from tests.calls.records.house import NOON, event, kept, rows, settings, whole_call

NUMBER = "+14155550123"
DAY_MS = 86_400_000


def call_of(folder: Path, call_id: str, words: str, number: str = NUMBER) -> list[Event]:
    """A call with words in every place that has words."""
    return [
        event(call_id, 1, "call", bot="shop", caller_key=key_of(number, folder)),
        event(call_id, 2, "heard", who="caller", text=words),
        event(call_id, 3, "turn", turn=1, said=words, first_audio_out_ms=500.0),
        event(call_id, 4, "tool", name="look_up", arguments={"q": words}, result=[words]),
        event(call_id, 5, "end", reason="the caller hung up", duration_s=5.0, by="caller"),
    ]


def write(database: Database, *events: Event) -> None:
    with database.writing() as connection:
        Scribe().write(connection, [Kept.of(each) for each in events], "a-process")


def write_in(folder: Path, *events: Event) -> None:
    database = Database(folder)
    write(database, *events)
    database.close()


def with_files(folder: Path, call_id: str, words: str) -> None:
    recording = folder / "recordings" / call_id
    recording.mkdir(parents=True)
    (recording / "caller.wav").write_bytes(words.encode() * 10)
    (folder / "calls").mkdir(exist_ok=True)
    (folder / "calls" / f"{call_id}.jsonl").write_text(words)
    Outbox(folder / "webhook").put(Owed(call_id, 1.0))


def places_with(folder: Path, words: str) -> list[str]:
    """The files of a folder that hold words."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if words.encode() in path.read_bytes()]


def test_call_that_is_erased_is_in_no_file_any_more(tmp_path: Path) -> None:
    database = Database(tmp_path)
    for index in range(50):
        write(database, *call_of(tmp_path, f"other-{index}", f"umbrella {index}"))
    write(database, *call_of(tmp_path, "a-call", "violet"))
    with_files(tmp_path, "a-call", "violet")
    spill = Spill(tmp_path / "spill" / "a-process.jsonl")
    spill.append([Kept.of(e) for e in call_of(tmp_path, "a-call", "violet")])
    spill.append([Kept.of(e) for e in call_of(tmp_path, "other-1", "umbrella")])
    assert len(places_with(tmp_path, "violet")) >= 4
    erased = {each.what: each for each in erase(database, ["a-call"])}
    database.close()
    assert places_with(tmp_path, "violet") == []
    assert not (tmp_path / "recordings" / "a-call").exists()
    assert erased["records"].count == 1
    assert erased["events"].count == 5
    assert erased["spilled events"].count == 5
    assert erased["files of recordings"].count == 1
    assert erased["webhooks owed"].count == 1
    assert all(each.left == 0 for each in erased.values())
    assert len(rows(database, "SELECT id FROM calls")) == 50
    assert len(spill.events()) == 5
    database.close()


def test_calls_of_a_caller_are_found_by_the_number_and_no_others(database: Database) -> None:
    folder = database.folder
    write(database, *call_of(folder, "one", "violet"), *call_of(folder, "two", "violet"))
    write(database, *call_of(folder, "anothers", "green", "+14155550199"), *whole_call("nobodys"))
    spill = Spill(folder / "spill" / "a-process.jsonl")
    spill.append([Kept.of(each) for each in call_of(folder, "spilled", "violet")])
    ids = calls_of_caller(database, key_of(NUMBER, folder))
    assert sorted(ids) == ["one", "spilled", "two"]
    assert all(each.left == 0 for each in erase(database, ids))
    left = rows(database, "SELECT id FROM calls ORDER BY id")
    assert [row["id"] for row in left] == ["anothers", "nobodys"]
    assert calls_of_caller(database, "") == []


def test_id_that_is_a_path_erases_nothing_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "data" / "recordings").mkdir(parents=True)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    database = Database(tmp_path / "data")
    erase(database, ["../../precious", "..", ".", ""])
    database.close()
    assert (tmp_path / "precious" / "file").read_text() == "kept"


class TestTooOld:
    def retained(self, database: Database, days_later: int, **days: int) -> LetGo:
        limits = dict.fromkeys(
            ("retain_records_days", "retain_transcripts_days", "retain_recordings_days"), 0
        )
        chosen = settings(data_dir=database.folder, **{**limits, **days})
        return retain(database, chosen, now_ms=ms_of(NOON) + days_later * DAY_MS)

    @pytest.fixture
    def filled(self, database: Database) -> Database:
        folder = database.folder
        write(database, *call_of(folder, "a-call", "violet"), event("a-call", 6, "recording"))
        write(database, *call_of(folder, "running", "violet")[:-1])
        with_files(folder, "a-call", "violet")
        return database

    def test_nothing_is_let_go_before_its_time_or_for_good(self, filled: Database) -> None:
        assert self.retained(filled, 29, retain_recordings_days=30) == LetGo()
        assert self.retained(filled, 9999) == LetGo()

    def test_recording_goes_and_the_words_stay(self, filled: Database) -> None:
        assert self.retained(filled, 31, retain_recordings_days=30) == LetGo(recordings=1)
        assert not (filled.folder / "recordings" / "a-call").exists()
        assert self.retained(filled, 31, retain_recordings_days=30) == LetGo()
        assert len(kept(filled, "a-call")) == 6

    def test_words_go_and_the_numbers_stay(self, filled: Database) -> None:
        assert self.retained(filled, 31, retain_transcripts_days=30) == LetGo(transcripts=1)
        facts = rows(
            filled, "SELECT facts FROM events JOIN calls USING (number) WHERE id = 'a-call'"
        )
        assert "violet" not in str(facts)
        assert "500.0" in str(facts)
        assert "look_up" in str(facts)
        assert not (filled.folder / "calls" / "a-call.jsonl").exists()
        assert len(rows(filled, "SELECT * FROM call_words")) == 1
        assert self.retained(filled, 31, retain_transcripts_days=30) == LetGo()

    def test_why_a_tool_thinks_so_goes_with_the_words(self, filled: Database) -> None:
        why = "sent the violet vase back"
        outcome = event("a-call", 7, "outcome", outcome="resolved", by="tool", why=why)
        write(filled, outcome)
        assert self.retained(filled, 31, retain_transcripts_days=30) == LetGo(transcripts=1)
        (row,) = rows(filled, "SELECT * FROM calls WHERE id = 'a-call'")
        assert (row["outcome"], row["outcome_why"]) == ("resolved", "")

    def test_record_goes_but_not_of_a_call_that_runs(self, filled: Database) -> None:
        assert self.retained(filled, 31, retain_records_days=30) == LetGo(records=1)
        assert [row["id"] for row in rows(filled, "SELECT id FROM calls")] == ["running"]


class TestCommands:
    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
        monkeypatch.setenv("DATA_DIR", str(tmp_path))
        return lambda *arguments: CliRunner().invoke(cli, list(arguments))

    def test_forget_a_caller(self, run: Callable[..., Result], tmp_path: Path) -> None:
        write_in(tmp_path, *call_of(tmp_path, "a-call", "violet"))
        result = run("forget", "--caller", "+1 415 555 0123")
        assert result.exit_code == 0
        assert "Of 1 call of +14155550123" in result.output
        assert "events: 5 erased, 0 left" in result.output
        assert places_with(tmp_path, "violet") == []

    def test_forget_a_call_that_runs_is_refused(
        self, run: Callable[..., Result], tmp_path: Path
    ) -> None:
        write_in(tmp_path, *call_of(tmp_path, "a-call", "violet")[:-1])
        result = run("forget", "--call", "a-call")
        assert result.exit_code == 1
        assert "Not while it runs" in result.output
        write_in(tmp_path, *call_of(tmp_path, "a-call", "violet"))
        assert run("forget", "--call", "a-call").exit_code == 0

    def test_beginning_of_an_id_erases_nothing_and_is_told_which_it_may_be(
        self, run: Callable[..., Result], tmp_path: Path
    ) -> None:
        write_in(tmp_path, *whole_call("a-call"), *whole_call("a_call"), *whole_call("b-call"))
        result = run("forget", "--call", "a-")
        assert result.exit_code == 2
        assert "That is no whole id. These begin so: a-call." in " ".join(result.output.split())
        assert run("forget", "--call", "a-call").exit_code == 0
        assert run("forget", "--call", "a-call").exit_code == 0

    def test_forget_wants_one_of_both(self, run: Callable[..., Result]) -> None:
        assert run("forget").exit_code == 2
        assert run("forget", "--call", "a", "--caller", NUMBER).exit_code == 2

    def test_key_that_is_lost_is_said(self, run: Callable[..., Result], tmp_path: Path) -> None:
        write_in(tmp_path, *call_of(tmp_path, "a-call", "violet"))
        (tmp_path / "callers.key").unlink()
        result = run("forget", "--caller", NUMBER)
        assert result.exit_code == 1
        assert "cannot be told" in " ".join(result.output.split())

    def test_export_prints_an_object_a_call(
        self, run: Callable[..., Result], tmp_path: Path
    ) -> None:
        write_in(tmp_path, *call_of(tmp_path, "a-call", "violet"), *whole_call("b-call"))
        lines = run("calls", "export", "--json").output.splitlines()
        exported = {call["id"]: call for call in map(json.loads, lines)}
        assert exported["a-call"]["tools"][0]["result"] == ["violet"]
        assert exported["b-call"]["bot"] == "greeter"
        assert run("calls", "export", "--since", "1d").output == ""
        table = run("calls", "export", "--csv", "--bot", "shop").output.splitlines()
        assert table[0].startswith("id,bot,")
        assert len(table) == 2
        assert run("calls", "export", "--since", "soon").exit_code == 2
        assert run("calls", "export", "--since", f"{'9' * 12}w").exit_code == 2
        forever = run("calls", "export", "--since", "0001-01-01", "--until", "9999-12-31")
        assert len(forever.output.splitlines()) == 2

    def test_show_tells_a_call(self, run: Callable[..., Result], tmp_path: Path) -> None:
        write_in(tmp_path, *whole_call("a-call"))
        result = run("calls", "show", "a-call")
        assert "abandoned" in result.output
        assert "where is my parcel" in result.output
        assert run("calls", "show", "another").exit_code == 1

    def test_retain_says_what_was_let_go(self, run: Callable[..., Result], tmp_path: Path) -> None:
        write_in(tmp_path, *call_of(tmp_path, "a-call", "violet"))
        result = run("calls", "retain")
        assert result.exit_code == 0
        assert "Erased:" in result.output
