"""The orders that a fresh order book starts with, dated from its first day."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple


class SampleOrder(NamedTuple):
    """One row; days count from the first day of the order book, negative ones lie before it."""

    number: str
    item: str
    price_cents: int
    address: str
    ordered: int
    ships: int
    arrives: int
    cancelled: int | None = None


SAMPLE_ORDERS = (
    SampleOrder("47291", "a coffee grinder", 8_950, "12 Mill Lane, Springfield 62701", -3, -1, 2),
    SampleOrder("58306", "a desk lamp", 4_500, "7 Oak Street, Portland 97205", -9, -8, -5),
    SampleOrder("31847", "two bath towels", 3_990, "240 Lake Road, Madison 53703", -1, 3, 6),
    SampleOrder("60125", "a rain jacket", 11_900, "3 Harbor View, Boston 02110", -6, -4, -2, -5),
    SampleOrder("29470", "a toaster", 5_475, "88 Hill Road, Denver 80202", -52, -50, -45),
)


def sample_rows(first_day: date) -> Iterator[tuple[str, str, int, str, str, str, str, str | None]]:
    """Yield rows of the table `orders`, in the order of its columns."""

    def on(days: int) -> str:
        return (first_day + timedelta(days=days)).isoformat()

    for order in SAMPLE_ORDERS:
        yield (
            order.number,
            order.item,
            order.price_cents,
            order.address,
            on(order.ordered),
            on(order.ships),
            on(order.arrives),
            None if order.cancelled is None else on(order.cancelled),
        )
