"""The numbers of many calls, counted by the database."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    case,
    func,
    literal,
    select,
)

from calls.records.choosing import Condition, conditions
from calls.records.figures import Figures, Period, ProviderFigures
from calls.records.projection import NANO
from calls.records.rows import CallFilter
from calls.records.schema import call_providers, calls, moment_of
from calls.records.stages import spreads, unpacked

_SUMS = (
    *("turns", "interruptions", "fillers", "failed_tools", "unhandled", "switches"),
    *("silences", "bounds_reached", "events_missing"),
)
_REASONS = 10
# The first that parts the time of the chosen calls into no more than `_PERIODS_AT_MOST`.
_PERIODS_S = (3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400)
_PERIODS_AT_MOST = 62


def count(connection: Connection, which: CallFilter) -> Figures:
    """The numbers of all calls that are chosen."""
    chosen = conditions(which, connection.dialect.name)
    totals, first_ms, last_ms = _totals(connection, chosen)
    if not totals["calls"]:
        return Figures()
    period_s = _period_s((last_ms - first_ms) / 1000)
    turns = _turns(connection, chosen, period_s)
    return Figures(
        **totals,
        outcomes=_by(connection, chosen, calls.c.outcome, over=True),
        ended_by=_by(connection, chosen, calls.c.ended_by, over=True),
        end_reasons=_by(connection, chosen, calls.c.end_reason, over=True, limit=_REASONS),
        bots=_by(connection, chosen, calls.c.bot),
        channels=_by(connection, chosen, calls.c.channel),
        csat={int(score): n for score, n in _by(connection, chosen, calls.c.csat).items()},
        **_costs(connection, chosen),
        providers=_providers(connection, chosen),
        stages=spreads(np.concatenate(list(turns.values()))) if turns else {},
        period_s=period_s,
        periods=_periods(connection, chosen, period_s, turns),
    )


def _totals(connection: Connection, chosen: Sequence[Condition]) -> tuple[dict[str, Any], int, int]:
    c = calls.c
    row = connection.execute(
        select(
            func.count().label("calls"),
            func.sum(case((c.ended_ms.is_(None), 1), else_=0)).label("live"),
            func.coalesce(func.sum(c.duration_s), 0.0).label("handle_time_s"),
            func.max(c.dead_air_max_ms).label("dead_air_max_ms"),
            func.sum(case((c.unpriced != "", 1), else_=0)).label("unpriced_calls"),
            func.min(c.started_ms).label("first_ms"),
            func.max(c.started_ms).label("last_ms"),
            *(func.coalesce(func.sum(c[name]), 0).label(name) for name in _SUMS),
        ).where(*chosen)
    ).one()
    names = ("calls", "live", "dead_air_max_ms", "unpriced_calls", *_SUMS)
    totals = {name: getattr(row, name) or 0 for name in names}
    totals["dead_air_max_ms"] = row.dead_air_max_ms
    totals["handle_time_s"] = round(row.handle_time_s, 3)
    return totals, row.first_ms or 0, row.last_ms or 0


def _by(
    connection: Connection,
    chosen: Sequence[Condition],
    column: ColumnElement[Any],
    *,
    over: bool = False,
    limit: int | None = None,
) -> dict[Any, int]:
    """How many calls there are by the values of a column, the most frequent first."""
    count = func.count()
    query = select(column, count).where(*chosen, column.is_not(None))
    if over:
        query = query.where(calls.c.ended_ms.is_not(None))
    query = query.group_by(column).order_by(count.desc(), column).limit(limit)
    return dict(connection.execute(query).tuples().all())


def _costs(connection: Connection, chosen: Sequence[Condition]) -> dict[str, Any]:
    c = calls.c
    query = select(c.cost_currency, func.sum(c.cost_nano), func.count())
    query = query.where(*chosen, c.cost_nano.is_not(None)).group_by(c.cost_currency)
    rows = connection.execute(query).all()
    return {
        "costs": {currency: Decimal(nano) / NANO for currency, nano, _ in rows},
        "priced_calls": {currency: n for currency, _, n in rows},
    }


def _providers(connection: Connection, chosen: Sequence[Condition]) -> tuple[ProviderFigures, ...]:
    p = call_providers.c
    query = (
        select(
            *(p.stage, p.provider, calls.c.cost_currency),
            *(func.count(), func.sum(p.failures), func.sum(p.cost_nano)),
        )
        .join_from(calls, call_providers, p.number == calls.c.number)
        .where(*chosen)
        .group_by(p.stage, p.provider, calls.c.cost_currency)
    )
    found: dict[tuple[str, str], tuple[int, int, dict[str, Decimal]]] = {}
    for stage, provider, currency, n, failures, nano in connection.execute(query):
        before_n, before_failures, costs = found.get((stage, provider), (0, 0, {}))
        if nano is not None:
            costs[currency] = Decimal(nano) / NANO
        found[stage, provider] = (before_n + n, before_failures + int(failures or 0), costs)
    return tuple(
        ProviderFigures(stage, provider, n, failures, costs)
        for (stage, provider), (n, failures, costs) in sorted(found.items())
    )


def _periods(
    connection: Connection,
    chosen: Sequence[Condition],
    period_s: int,
    turns: dict[int, NDArray[np.float32]],
) -> tuple[Period, ...]:
    c = calls.c
    period = _period_of(period_s)
    query = (
        select(
            *(period, c.outcome, c.cost_currency, func.count()),
            *(func.coalesce(func.sum(c.duration_s), 0.0), func.sum(c.cost_nano)),
            *(func.sum(c.silences), func.sum(c.bounds_reached)),
        )
        .where(*chosen)
        .group_by(period, c.outcome, c.cost_currency)
    )
    rows: defaultdict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        rows[int(row[0])].append(row[1:])
    return tuple(
        _period(which * period_s, rows[which], spreads(turns[which]) if which in turns else {})
        for which in sorted(rows)
    )


def _turns(
    connection: Connection, chosen: Sequence[Condition], period_s: int
) -> dict[int, NDArray[np.float32]]:
    """All turns of the calls of each period."""
    period = _period_of(period_s)
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        together = func.string_agg(calls.c.stages, literal(b"", LargeBinary))
    else:
        together = func.group_concat(func.hex(calls.c.stages), "")
    query = select(period, together).where(*chosen, calls.c.turns > 0).group_by(period)
    return {
        int(which): unpacked(bytes(stages) if postgresql else bytes.fromhex(stages))
        for which, stages in connection.execute(query)
    }


def _period_of(period_s: int) -> ColumnElement[Any]:
    """Which stretch of time a call began in, counted from 1970."""
    # Of whole numbers; the databases do not agree on what `//` of others is.
    return calls.c.started_ms.op("/")(literal(1000 * period_s, BigInteger))


def _period(start_s: int, rows: Iterable[Any], stages: dict[str, Any]) -> Period:
    outcomes: defaultdict[str, int] = defaultdict(int)
    costs: defaultdict[str, Decimal] = defaultdict(Decimal)
    n, seconds, silences, reached = 0, 0.0, 0, 0
    for outcome, currency, count, duration_s, nano, its_silences, its_reached in rows:
        if outcome:
            outcomes[outcome] += count
        if nano is not None:
            costs[currency] += Decimal(nano) / NANO
        n, seconds = n + count, seconds + duration_s
        silences, reached = silences + int(its_silences), reached + int(its_reached)
    return Period(
        moment_of(start_s * 1000),
        n,
        dict(outcomes),
        round(seconds, 3),
        dict(costs),
        silences,
        reached,
        stages,
    )


def _period_s(span_s: float) -> int:
    fitting = (period_s for period_s in _PERIODS_S if span_s / period_s <= _PERIODS_AT_MOST)
    return next(fitting, _PERIODS_S[-1])
