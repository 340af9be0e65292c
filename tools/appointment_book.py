"""The clinic's appointments, kept in SQLite. Two callers never get one slot."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path

from tools.opening_hours import book_days, slots_of
from tools.patient_names import same_patient
from tools.sample_patients import sample_appointments
from tools.sqlite_file import SqliteFile

_TABLES = (
    """CREATE TABLE slots (
        day TEXT NOT NULL,
        time TEXT NOT NULL,
        PRIMARY KEY (day, time)
    ) STRICT""",
    """CREATE TABLE appointments (
        id INTEGER PRIMARY KEY,
        day TEXT NOT NULL,
        time TEXT NOT NULL,
        name TEXT NOT NULL,
        date_of_birth TEXT NOT NULL,
        reason TEXT NOT NULL,
        booked_at TEXT NOT NULL,
        cancelled_at TEXT,
        FOREIGN KEY (day, time) REFERENCES slots (day, time)
    ) STRICT""",
    """CREATE UNIQUE INDEX one_caller_a_slot ON appointments (day, time)
        WHERE cancelled_at IS NULL""",
)
_FREE = """
    SELECT day, time FROM slots WHERE day || ' ' || time > ? AND NOT EXISTS (
        SELECT 1 FROM appointments
        WHERE (appointments.day, appointments.time) = (slots.day, slots.time)
        AND cancelled_at IS NULL
    ) ORDER BY day, time
"""
_UPCOMING = """
    SELECT id, day, time, name FROM appointments
    WHERE date_of_birth = ? AND day || ' ' || time > ? AND cancelled_at IS NULL
    ORDER BY day, time
"""


class Booking(Enum):
    """What became of a wish for a slot."""

    MADE = "made"
    ALREADY_THEIRS = "already theirs"
    TAKEN = "taken"


@dataclass(frozen=True)
class Appointment:
    """One appointment that lies ahead."""

    id: int
    start: datetime
    name: str


class AppointmentBook:
    """Finds, books, moves and cancels. Blocking; call it from a worker thread.

    Parameters:
        data_dir: Existing folder in which `appointments.db` is kept. A missing file is created
            with sample appointments; slots are topped up as days go by.
        now: Tells the local time.
    """

    def __init__(self, data_dir: Path, *, now: Callable[[], datetime] = datetime.now) -> None:
        self.now = now
        self._file = SqliteFile(data_dir / "appointments.db", self._create)

    def days(self) -> list[date]:
        """Return the working days that can be booked, today included, oldest first."""
        return book_days(self.now().date())

    def free_slots(self) -> list[datetime]:
        """Return every free slot that lies ahead, earliest first."""
        self._top_up()
        with self._file.reading() as connection:
            rows = connection.execute(_FREE, (_moment(self.now()),)).fetchall()
        return [_start(row) for row in rows]

    def find(self, name: str, born: date) -> list[Appointment]:
        """Return the patient's appointments that lie ahead, earliest first.

        The date of birth has to match exactly; the name may be spelled as it was heard.
        """
        with self._file.reading() as connection:
            return self._find(connection, name, born)

    def book(self, start: datetime, name: str, born: date, reason: str = "") -> Booking:
        """Give the slot to the patient. A slot that is no slot, or past, counts as taken."""
        self._top_up()
        now = self.now()
        if start <= now:
            return Booking.TAKEN
        try:
            with self._file.writing() as connection:
                if any(held.start == start for held in self._find(connection, name, born)):
                    return Booking.ALREADY_THEIRS
                connection.execute(
                    "INSERT INTO appointments (day, time, name, date_of_birth, reason, booked_at)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (*_slot(start), name, born.isoformat(), reason, _stamp(now)),
                )
        except sqlite3.IntegrityError:
            return Booking.TAKEN
        return Booking.MADE

    def move(self, appointment: Appointment, start: datetime) -> Booking:
        """Move an appointment to another slot; its old slot is free again."""
        self._top_up()
        if start == appointment.start:
            return Booking.ALREADY_THEIRS
        if start <= self.now():
            return Booking.TAKEN
        try:
            with self._file.writing() as connection:
                moved = connection.execute(
                    "UPDATE appointments SET day = ?, time = ?"
                    " WHERE id = ? AND cancelled_at IS NULL",
                    (*_slot(start), appointment.id),
                )
        except sqlite3.IntegrityError:
            return Booking.TAKEN
        return Booking.MADE if moved.rowcount else Booking.TAKEN

    def cancel(self, appointment: Appointment) -> bool:
        """Cancel an appointment; False if it was cancelled before."""
        with self._file.writing() as connection:
            cancelled = connection.execute(
                "UPDATE appointments SET cancelled_at = ? WHERE id = ? AND cancelled_at IS NULL",
                (_stamp(self.now()), appointment.id),
            )
        return bool(cancelled.rowcount)

    def _find(self, connection: sqlite3.Connection, name: str, born: date) -> list[Appointment]:
        rows = connection.execute(_UPCOMING, (born.isoformat(), _moment(self.now()))).fetchall()
        names = same_patient(name, {row["name"] for row in rows})
        return [
            Appointment(row["id"], _start(row), row["name"]) for row in rows if row["name"] in names
        ]

    def _top_up(self) -> None:
        last = self.days()[-1].isoformat()
        with self._file.reading() as connection:
            (newest,) = connection.execute("SELECT max(day) FROM slots").fetchone()
        if newest < last:
            with self._file.writing() as connection:
                self._add_slots(connection)

    def _create(self, connection: sqlite3.Connection) -> None:
        for table in _TABLES:
            connection.execute(table)
        self._add_slots(connection)
        booked_at = _stamp(self.now())
        connection.executemany(
            "INSERT INTO appointments (day, time, name, date_of_birth, reason, booked_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            ((*row, booked_at) for row in sample_appointments(self.days())),
        )

    def _add_slots(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT OR IGNORE INTO slots VALUES (?, ?)",
            (_slot(start) for day in self.days() for start in slots_of(day)),
        )


def _slot(start: datetime) -> tuple[str, str]:
    return start.date().isoformat(), f"{start:%H:%M}"


def _start(row: sqlite3.Row) -> datetime:
    return datetime.fromisoformat(f"{row['day']} {row['time']}")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
