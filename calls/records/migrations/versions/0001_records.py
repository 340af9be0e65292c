"""Calls, their events, their providers, the words in them, and who looked."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _counts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Integer, nullable=False, server_default="0") for name in names]


def _texts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Text, nullable=False, server_default="") for name in names]


def _part_of_key(name: str, kind: object = _NUMBER) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)  # pyright: ignore[reportArgumentType]


def upgrade() -> None:
    op.create_table(
        "calls",
        _part_of_key("number"),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        *_texts("bot", "bot_version", "channel", "direction", "caller", "caller_key"),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("answered_ms", sa.BigInteger),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("duration_s", sa.Float),
        *_texts("end_reason", "ended_by", "outcome", "outcome_by", "outcome_why"),
        *_counts("turns", "interruptions", "failed_tools", "unhandled", "fillers", "silences"),
        *_counts("bounds_reached", "switches", "events_missing"),
        sa.Column("v2v_p50_ms", sa.Float),
        sa.Column("v2v_max_ms", sa.Float),
        sa.Column("dead_air_max_ms", sa.Float),
        sa.Column("cost_nano", sa.BigInteger),
        *_texts("cost_currency", "unpriced", "providers"),
        sa.Column("csat", sa.Integer),
        *_counts("recording", "wordless"),
        *_texts("owner"),
    )
    for column in ("bot", "channel", "outcome", "ended_by"):
        op.create_index(f"calls_{column}", "calls", [column, "number"])
    op.create_index("calls_caller_key", "calls", ["caller_key"])
    few = {"live": "ended_ms IS NULL"}
    few |= {
        column: f"{column} > 0"
        for column in ("failed_tools", "unhandled", "bounds_reached", "switches")
    }
    for name, condition in few.items():
        where = sa.text(condition)
        op.create_index(
            f"calls_{name}", "calls", ["number"], sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "events",
        _part_of_key("number"),
        _part_of_key("seq", sa.Integer),
        sa.Column("at_s", sa.Float, nullable=False),
        sa.Column("utc_ms", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "call_stages",
        _part_of_key("number"),
        sa.Column("stages", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "call_providers",
        _part_of_key("provider", sa.Text),
        _part_of_key("number"),
        _part_of_key("stage", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("cost_nano", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("call_providers_number", "call_providers", ["number"])
    op.create_table(
        "access_log",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
    )
    op.create_index("access_log_at", "access_log", ["at_ms"])
    op.create_table(
        "owners",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE call_words USING fts5("
            "words, tokenize = 'unicode61 remove_diacritics 2')"
        )
    else:
        op.execute("CREATE TABLE call_words (number BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX call_words_words ON call_words USING gin (words)")


def downgrade() -> None:
    for table in (
        *("call_words", "owners", "access_log", "call_providers", "call_stages", "events", "calls"),
    ):
        op.execute(f"DROP TABLE {table}")
