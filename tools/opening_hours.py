"""When the clinic sees patients: half-hour slots, Monday to Friday."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

SLOT = timedelta(minutes=30)
SESSIONS = ((time(9), time(12)), (time(13, 30), time(17)))
NOON = time(12)
BOOK_DAYS = 10


def is_working_day(day: date) -> bool:
    """Tell whether the clinic is open on that day."""
    return day.weekday() < 5


def book_days(today: date) -> list[date]:
    """Return the working days that can be booked, beginning with today, oldest first."""
    days: list[date] = []
    day = today
    while len(days) < BOOK_DAYS:
        if is_working_day(day):
            days.append(day)
        day += timedelta(days=1)
    return days


def slots_of(day: date) -> Iterator[datetime]:
    """Yield the start of every slot of a working day, earliest first."""
    for opens, closes in SESSIONS:
        start = datetime.combine(day, opens)
        while start + SLOT <= datetime.combine(day, closes):
            yield start
            start += SLOT
