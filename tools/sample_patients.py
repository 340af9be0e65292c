"""The appointments that a fresh appointment book starts with."""

from collections.abc import Iterator, Sequence
from datetime import date, time

# Name, date of birth, index of the day in the book, start, reason.
# Half past ten and two o'clock stay free on every day, and so does the whole third day, for
# trying things out.
_PATIENTS = (
    ("Alice Brown", date(1980, 3, 5), 3, time(10), "check-up"),
    ("George Miller", date(1952, 7, 19), 0, time(9), "blood pressure"),
    ("Helen Carter", date(1991, 11, 2), 0, time(14, 30), "back pain"),
    ("Samuel Green", date(1968, 1, 30), 1, time(9, 30), "vaccination"),
    ("Laura White", date(1975, 9, 14), 1, time(15), "blood test"),
    ("Peter Young", date(2001, 4, 8), 3, time(9), "sore throat"),
    ("Nancy Hall", date(1949, 12, 24), 4, time(11), "check-up"),
    ("Daniel King", date(1987, 6, 6), 5, time(13, 30), "knee pain"),
    ("Ruth Parker", date(1963, 2, 17), 6, time(9), "prescription"),
    ("Oscar Reed", date(1995, 8, 21), 7, time(16), "headache"),
    ("Emma Stone", date(1984, 10, 11), 8, time(9, 30), "check-up"),
    ("Walter Price", date(1958, 5, 3), 9, time(14, 30), "blood test"),
)


def sample_appointments(
    days: Sequence[date],
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield day, time, name, date of birth and reason for a book of these days."""
    for name, born, day, start, reason in _PATIENTS:
        yield days[day].isoformat(), f"{start:%H:%M}", name, born.isoformat(), reason
