"""The shop's orders, kept in SQLite."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import Path

from tools.sample_orders import sample_rows
from tools.sqlite_file import SqliteFile

REFUND_DAYS = 30

_TABLES = (
    """CREATE TABLE orders (
        number TEXT PRIMARY KEY,
        item TEXT NOT NULL,
        price_cents INTEGER NOT NULL,
        address TEXT NOT NULL,
        ordered_on TEXT NOT NULL,
        ships_on TEXT NOT NULL,
        arrives_on TEXT NOT NULL,
        cancelled_on TEXT
    ) STRICT""",
    """CREATE TABLE refunds (
        order_number TEXT PRIMARY KEY REFERENCES orders (number),
        reason TEXT NOT NULL,
        requested_on TEXT NOT NULL
    ) STRICT""",
)
_ORDER_WITH_REFUND = """
    SELECT orders.*, refunds.requested_on FROM orders
    LEFT JOIN refunds ON refunds.order_number = orders.number
    WHERE orders.number = ?
"""


class Stage(Enum):
    """How far an order has come."""

    PACKING = "packing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Order:
    """One order. Where it is follows from its dates and the day one asks."""

    number: str
    item: str
    price_cents: int
    address: str
    ordered_on: date
    ships_on: date
    arrives_on: date
    cancelled_on: date | None
    refund_requested_on: date | None

    def stage(self, today: date) -> Stage:
        """Tell how far the order has come on that day."""
        if self.cancelled_on:
            return Stage.CANCELLED
        if today < self.ships_on:
            return Stage.PACKING
        return Stage.SHIPPED if today < self.arrives_on else Stage.DELIVERED

    @property
    def refund_until(self) -> date:
        """The last day on which a refund can be asked for."""
        return self.arrives_on + timedelta(days=REFUND_DAYS)

    def can_be_refunded(self, today: date) -> bool:
        """Tell whether a refund may be opened on that day."""
        return (
            self.stage(today) is Stage.DELIVERED
            and today <= self.refund_until
            and not self.refund_requested_on
        )


class OrderBook:
    """Finds and changes orders. Blocking; call it from a worker thread.

    Parameters:
        data_dir: Existing folder in which `orders.db` is kept. A missing file is created with
            sample orders dated from that day.
        today: Tells the day.
    """

    def __init__(self, data_dir: Path, *, today: Callable[[], date] = date.today) -> None:
        self.today = today
        self._file = SqliteFile(data_dir / "orders.db", self._create)

    def find(self, number: str) -> Order | None:
        """Return the order with this number, or None."""
        with self._file.reading() as connection:
            return _order(connection, number)

    def change_address(self, number: str, address: str) -> bool:
        """Send the order elsewhere; False if it is unknown, cancelled or has left the shop."""
        with self._file.writing() as connection:
            order = _order(connection, number)
            if not order or order.stage(self.today()) is not Stage.PACKING:
                return False
            connection.execute("UPDATE orders SET address = ? WHERE number = ?", (address, number))
            return True

    def open_refund(self, number: str, reason: str) -> bool:
        """Open a refund request; False if the order does not qualify or already has one."""
        today = self.today()
        with self._file.writing() as connection:
            order = _order(connection, number)
            if not order or not order.can_be_refunded(today):
                return False
            connection.execute(
                "INSERT INTO refunds VALUES (?, ?, ?)", (number, reason, today.isoformat())
            )
            return True

    def _create(self, connection: sqlite3.Connection) -> None:
        for table in _TABLES:
            connection.execute(table)
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", sample_rows(self.today())
        )


def _order(connection: sqlite3.Connection, number: str) -> Order | None:
    row = connection.execute(_ORDER_WITH_REFUND, (number,)).fetchone()
    if row is None:
        return None
    return Order(
        number=row["number"],
        item=row["item"],
        price_cents=row["price_cents"],
        address=row["address"],
        ordered_on=date.fromisoformat(row["ordered_on"]),
        ships_on=date.fromisoformat(row["ships_on"]),
        arrives_on=date.fromisoformat(row["arrives_on"]),
        cancelled_on=_day_or_none(row["cancelled_on"]),
        refund_requested_on=_day_or_none(row["requested_on"]),
    )


def _day_or_none(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
