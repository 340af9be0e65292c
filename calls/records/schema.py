"""The tables of the records.

A call has a number: the millisecond it began, and 20 bits that tell calls of one millisecond
apart. Numbers are the primary key, so the order of the table is the order of time.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()

# In SQLite only an INTEGER can be the table's own key.
_Number = BigInteger().with_variant(Integer, "sqlite")
_BITS = 20
_HIGHEST = 2**63 - 1


# Counts that are 0 in most calls.
RARE = ("failed_tools", "unhandled", "bounds_reached", "switches")


def _few(name: str, condition: str) -> Index:
    """An index of the few calls that meet a condition."""
    few = text(condition)
    return Index(f"calls_{name}", "number", sqlite_where=few, postgresql_where=few)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


calls = Table(
    "calls",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    _words("bot"),
    _words("bot_version"),
    _words("channel"),
    _words("direction"),
    _words("caller"),
    _words("caller_key"),
    Column("started_ms", BigInteger, nullable=False),
    Column("answered_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("duration_s", Float),
    _words("end_reason"),
    _words("ended_by"),
    _words("outcome"),
    _words("outcome_by"),
    _words("outcome_why"),
    _count("turns"),
    _count("interruptions"),
    _count("failed_tools"),
    _count("unhandled"),
    _count("fillers"),
    _count("silences"),
    _count("bounds_reached"),
    _count("switches"),
    _count("events_missing"),
    Column("v2v_p50_ms", Float),
    Column("v2v_max_ms", Float),
    Column("dead_air_max_ms", Float),
    # Billionths of the currency's unit: whole numbers add up without a rest.
    Column("cost_nano", BigInteger),
    _words("cost_currency"),
    _words("unpriced"),
    _words("providers"),
    Column("csat", Integer),
    _count("recording"),
    # 1 when the transcript was too old to be kept.
    _count("wordless"),
    # The process that writes the call.
    _words("owner"),
    Index("calls_bot", "bot", "number"),
    Index("calls_channel", "channel", "number"),
    Index("calls_outcome", "outcome", "number"),
    Index("calls_ended_by", "ended_by", "number"),
    Index("calls_caller_key", "caller_key"),
    _few("live", "ended_ms IS NULL"),
    *(_few(column, f"{column} > 0") for column in RARE),
)

events = Table(
    "events",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at_s", Float, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", Text, nullable=False),
    sqlite_with_rowid=False,
)

# When each stage of each turn was reached, as `calls.records.stages` packs it.
call_stages = Table(
    "call_stages",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("stages", LargeBinary, nullable=False),
)

call_providers = Table(
    "call_providers",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("stage", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("cost_nano", BigInteger),
    Index("call_providers_number", "number"),
    sqlite_with_rowid=False,
)

access_log = Table(
    "access_log",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Index("access_log_at", "at_ms"),
)

# The processes that write calls. Who has not been seen for long is gone.
owners = Table(
    "owners",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("seen_ms", BigInteger, nullable=False),
)

# Beside these there is `call_words`, the index for text search: its `rowid` (SQLite) or `number`
# (PostgreSQL) is the call's, `words` what was said. The migrations make it.

PER_CALL = (events, call_stages, call_providers, calls)
"""The tables whose rows belong to one call, by its number."""


def ms_of(moment: datetime) -> int:
    """A moment as it stands in a table: whole ms since 1970 in UTC."""
    return round(moment.timestamp() * 1000)


def moment_of(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def first_number(moment: datetime) -> int:
    """No call that began then or later has a lower number."""
    return max(-_HIGHEST, min(ms_of(moment) << _BITS, _HIGHEST))


def number_of_call(started_ms: int, salt: int) -> int:
    """The number of a call. `salt` tells apart the calls of one millisecond."""
    return (started_ms << _BITS) | (salt & ((1 << _BITS) - 1))


def started_ms_of(number: int) -> int:
    return number >> _BITS
