"""The numbers of many calls, counted by the database."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
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

from calls.records.choosing import Condition, conditions, of_chosen
from calls.records.figures import Figures, Period, ProviderFigures
from calls.records.projection import NANO
from calls.records.rows import CallFilter
from calls.records.schema import (
    call_providers,
    call_stages,
    calls,
    first_number,
    moment_of,
    started_ms_of,
)
from calls.records.stages import spreads, unpacked

_SUMS = (
    *("turns", "interruptions", "fillers", "failed_tools", "unhandled", "switches"),
    *("silences", "bounds_reached", "events_missing"),
)
_REASONS = 10
# The first that parts the time of the chosen calls into no more than `_PERIODS_AT_MOST`.
_PERIODS_S = (3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400)
_PERIODS_AT_MOST = 62

# A row of `_groups`, whose columns have the names given there.
Group = Any
Turns = dict[int, NDArray[np.float32]]


def count(connection: Connection, which: CallFilter) -> Figures:
    """The numbers of all calls that are chosen."""
    chosen = conditions(which, connection.dialect.name)
    period_s = _period_s(connection, chosen)
    groups = _groups(connection, chosen, period_s)
    if not groups:
        return Figures()
    over = [group for group in groups if not group.live]
    turns = _turns(connection, which, period_s)
    currencies = sorted({group.cost_currency for group in groups if group.cost_currency})
    reasons = _by(over, lambda group: group.end_reason)
    return Figures(
        calls=sum(group.calls for group in groups),
        live=sum(group.calls for group in groups if group.live),
        outcomes=_by(over, lambda group: group.outcome),
        ended_by=_by(over, lambda group: group.ended_by),
        end_reasons=dict(list(reasons.items())[:_REASONS]),
        bots=_by(groups, lambda group: group.bot),
        channels=_by(groups, lambda group: group.channel),
        handle_time_s=round(sum(group.seconds for group in groups), 3),
        dead_air_max_ms=max((g.longest for g in groups if g.longest is not None), default=None),
        costs=_costs(groups),
        priced_calls=_by(groups, lambda group: group.cost_currency, lambda group: group.priced),
        unpriced_calls=sum(group.unpriced for group in groups),
        csat=_by([g for g in groups if g.csat is not None], lambda group: group.csat),
        **{name: int(sum(getattr(group, name) for group in groups)) for name in _SUMS},
        providers=_providers(connection, which, currencies),
        stages=spreads(np.concatenate(list(turns.values()))) if turns else {},
        period_s=period_s,
        periods=_periods(groups, period_s, turns),
    )


def _groups(connection: Connection, chosen: Sequence[Condition], period_s: int) -> Sequence[Group]:
    """Calls that are alike in what is counted; one pass over all of them."""
    c = calls.c
    alike = (
        *(
            _period_of(c.number, period_s).label("period"),
            case((c.ended_ms.is_(None), 1), else_=0).label("live"),
        ),
        *(c.outcome, c.ended_by, c.end_reason, c.bot, c.channel, c.csat, c.cost_currency),
    )
    counted = (
        func.count().label("calls"),
        func.coalesce(func.sum(c.duration_s), 0.0).label("seconds"),
        func.max(c.dead_air_max_ms).label("longest"),
        func.coalesce(func.sum(c.cost_nano), 0).label("nano"),
        func.count(c.cost_nano).label("priced"),
        func.sum(case((c.unpriced != "", 1), else_=0)).label("unpriced"),
        *(func.sum(c[name]).label(name) for name in _SUMS),
    )
    query = select(*alike, *counted).where(*chosen).group_by(*alike)
    return connection.execute(query).all()


def _by(
    groups: Iterable[Group],
    what: Callable[[Group], Any],
    how_many: Callable[[Group], int] = lambda group: group.calls,
) -> dict[Any, int]:
    """How many calls there are by a value, the most frequent first."""
    counted: defaultdict[Any, int] = defaultdict(int)
    for group in groups:
        if number := how_many(group):
            counted[what(group)] += number
    return dict(sorted(counted.items(), key=lambda item: (-item[1], str(item[0]))))


def _costs(groups: Iterable[Group]) -> dict[str, Decimal]:
    nano: defaultdict[str, int] = defaultdict(int)
    for group in groups:
        if group.priced:
            nano[group.cost_currency] += int(group.nano)
    return {currency: Decimal(amount) / NANO for currency, amount in nano.items()}


def _providers(
    connection: Connection, which: CallFilter, currencies: Sequence[str]
) -> tuple[ProviderFigures, ...]:
    p = call_providers.c
    # Where all calls were paid in the same, it need not be looked up call by call.
    mixed = len(currencies) > 1
    alike: list[ColumnElement[str]] = [p.stage, *([calls.c.cost_currency] if mixed else [])]
    counted = select(*alike, func.count(), func.sum(p.failures), func.sum(p.cost_nano))
    query = of_chosen(
        *(counted.group_by(*alike), call_providers, which, connection.dialect.name),
        beside_calls=mixed,
    )
    found: dict[tuple[str, str], tuple[int, int, dict[str, Decimal]]] = {}
    for provider in _names(connection):
        for row in connection.execute(query.where(p.provider == provider)):
            stage, *currency, n, failures, nano = tuple[Any, ...](row)
            n_before, failures_before, costs = found.get((stage, provider), (0, 0, {}))
            if nano is not None:
                costs[(*currency, *currencies, "")[0]] = Decimal(nano) / NANO
            found[stage, provider] = (n_before + n, failures_before + int(failures), costs)
    return tuple(
        ProviderFigures(stage, provider, n, failures, costs)
        for (stage, provider), (n, failures, costs) in sorted(found.items())
    )


def _names(connection: Connection) -> Iterator[str]:
    """Of all providers that were ever used.

    Each is then counted for itself, in the order of the table's key: sorting all uses by provider
    would take several times as long as reading them.
    """
    provider = call_providers.c.provider
    name: str | None = ""
    while name := connection.scalar(select(func.min(provider)).where(provider > name)):
        yield name


def _turns(connection: Connection, which: CallFilter, period_s: int) -> Turns:
    """All turns of the calls of each period."""
    period, packed = _period_of(call_stages.c.number, period_s), call_stages.c.stages
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        together = func.string_agg(packed, literal(b"", LargeBinary))
    else:
        together = func.group_concat(func.hex(packed), "")
    query = of_chosen(
        select(period, together).group_by(period), call_stages, which, connection.dialect.name
    )
    return {
        int(number): unpacked(bytes(stages) if postgresql else bytes.fromhex(stages))
        for number, stages in connection.execute(query)
    }


def _periods(groups: Iterable[Group], period_s: int, turns: Turns) -> tuple[Period, ...]:
    by_period: defaultdict[int, list[Group]] = defaultdict(list)
    for group in groups:
        by_period[int(group.period)].append(group)
    return tuple(
        Period(
            start=moment_of(1000 * which * period_s),
            calls=sum(group.calls for group in its),
            outcomes=_by([group for group in its if not group.live], lambda group: group.outcome),
            handle_time_s=round(sum(group.seconds for group in its), 3),
            costs=_costs(its),
            silences=int(sum(group.silences for group in its)),
            bounds_reached=int(sum(group.bounds_reached for group in its)),
            stages=spreads(turns[which]) if which in turns else {},
        )
        for which, its in sorted(by_period.items())
    )


def _period_s(connection: Connection, chosen: Sequence[Condition]) -> int:
    # Each for itself is the first that an index leads to; together they would be a pass over all.
    first, last = (
        connection.scalar(select(end(calls.c.number)).where(*chosen)) or 0
        for end in (func.min, func.max)
    )
    span_s = (started_ms_of(last) - started_ms_of(first)) / 1000
    fitting = (period_s for period_s in _PERIODS_S if span_s / period_s <= _PERIODS_AT_MOST)
    return next(fitting, _PERIODS_S[-1])


def _period_of(number: ColumnElement[int], period_s: int) -> ColumnElement[Any]:
    """Which stretch of time a call began in, counted from 1970, by the call's number."""
    length = first_number(moment_of(1000 * period_s))
    return number.op("/")(literal(length, BigInteger))
