"""The index of the words that were said: SQLite's FTS5, or PostgreSQL's text search."""

import re
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, text

# What one call adds to the index, in characters: an hour of talk has a quarter of it.
_AT_MOST = 250_000
_PARTS = re.compile(r'"([^"]+)"|(\S+)')


def keep(connection: Connection, said: Mapping[int, Sequence[str]]) -> None:
    """Index what was said in calls, in place of what was indexed of them before."""
    rows = [
        {"number": number, "words": "\n".join(words)[:_AT_MOST].replace("\0", "")}
        for number, words in said.items()
    ]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(
            text(
                "INSERT INTO call_words (number, words) "
                "VALUES (:number, to_tsvector('simple', :words)) "
                "ON CONFLICT (number) DO UPDATE SET words = EXCLUDED.words"
            ),
            rows,
        )
        return
    connection.execute(text("DELETE FROM call_words WHERE rowid = :number"), rows)
    connection.execute(text("INSERT INTO call_words (rowid, words) VALUES (:number, :words)"), rows)


def erase(connection: Connection, numbers: Iterable[int]) -> None:
    """Take calls out of the index."""
    which = f"DELETE FROM call_words WHERE {_key(connection)} = :number"
    if rows := [{"number": number} for number in numbers]:
        connection.execute(text(which), rows)


def count(connection: Connection, numbers: Sequence[int]) -> int:
    """How many of these calls are in the index."""
    which = text(f"SELECT count(*) FROM call_words WHERE {_key(connection)} IN :numbers")
    which = which.bindparams(bindparam("numbers", expanding=True))
    return connection.scalar(which, {"numbers": list(numbers)}) or 0


def query(dialect: str, words: str) -> str:
    """What the index is asked for calls in which all these words were said; "" for no words."""
    parts = [(phrase or word, bool(phrase)) for phrase, word in _PARTS.findall(words)]
    parts = [(said, phrase) for said, phrase in parts if re.search(r"\w", said)]
    if dialect == "postgresql":
        return " & ".join(_for_postgresql(said, phrase) for said, phrase in parts)
    return " AND ".join(_for_sqlite(said, phrase) for said, phrase in parts)


def _for_sqlite(said: str, phrase: bool) -> str:
    plain = said.replace('"', " ").replace("\0", " ")
    return f'"{plain}"' + ("" if phrase else " *")


def _for_postgresql(said: str, phrase: bool) -> str:
    tokens = re.findall(r"\w+", said)
    if phrase:
        return "(" + " <-> ".join(f"'{token}'" for token in tokens) + ")"
    return "(" + " <-> ".join([*(f"'{t}'" for t in tokens[:-1]), f"'{tokens[-1]}':*"]) + ")"


def _key(connection: Connection) -> str:
    return "number" if connection.dialect.name == "postgresql" else "rowid"
