"""The database files: made once, by whoever comes first, and left whole by whoever fails."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.sqlite_file import SqliteFile


def notes(folder: Path) -> SqliteFile:
    def create(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE notes (text TEXT UNIQUE)")
        connection.execute("INSERT INTO notes VALUES ('first')")

    return SqliteFile(folder / "notes.db", create)


def texts(file: SqliteFile) -> list[str]:
    with file.reading() as connection:
        return [row["text"] for row in connection.execute("SELECT text FROM notes ORDER BY rowid")]


def test_file_is_made_with_its_first_rows_by_the_first_who_reads(tmp_path):
    assert texts(notes(tmp_path)) == ["first"]


def test_file_left_empty_by_a_crash_is_made_whole(tmp_path):
    (tmp_path / "notes.db").touch()
    assert texts(notes(tmp_path)) == ["first"]


def test_what_one_call_wrote_another_call_reads(tmp_path):
    with notes(tmp_path).writing() as connection:
        connection.execute("INSERT INTO notes VALUES ('second')")
    assert texts(notes(tmp_path)) == ["first", "second"]


def test_failed_write_leaves_nothing_behind(tmp_path):
    file = notes(tmp_path)

    def write_half() -> None:
        with file.writing() as connection:
            connection.execute("INSERT INTO notes VALUES ('half')")
            connection.execute("INSERT INTO notes VALUES ('first')")

    with pytest.raises(sqlite3.IntegrityError):
        write_half()
    assert texts(file) == ["first"]


def test_many_first_openers_make_the_file_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        seen = [*pool.map(lambda _: texts(notes(tmp_path)), range(8))]
    assert seen == [["first"]] * 8


def test_file_that_is_no_database_is_refused_and_kept(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("this is a letter, and not a database at all\n" * 50)
    with pytest.raises(sqlite3.DatabaseError):
        texts(notes(tmp_path))
    assert path.read_text().startswith("this is a letter")
