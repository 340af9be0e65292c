"""From a tool's arguments to a day, a start and a patient, or to the sentence that asks again."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from tools.appointment_book import AppointmentBook
from tools.opening_hours import is_working_day
from tools.spoken import spoken_day

OLDEST_YEARS = 125
EARLIEST_HOUR = 8


@dataclass(frozen=True)
class Patient:
    """Who the appointment is for."""

    name: str
    born: date


class AskAgain(ValueError):
    """An argument cannot be used. `result` is the tool's result: it says what is possible."""

    def __init__(self, say: str, *, needs: str, **facts: Any) -> None:
        super().__init__(say)
        self.result: dict[str, Any] = {"say": say, **facts, "needs": needs}


def wanted_patient(name: str, date_of_birth: str, today: date) -> Patient:
    """Read a name and a date of birth (YYYY-MM-DD).

    Raises:
        AskAgain: One of them is missing or impossible.
    """
    full = " ".join(name.split())
    if not any(character.isalpha() for character in full):
        raise AskAgain("What is the patient's first and last name?", needs="name")
    born = _iso_day(date_of_birth)
    if born is None or born > today or today.year - born.year > OLDEST_YEARS:
        raise AskAgain(
            "I did not catch the date of birth. Which day, month and year is it?",
            needs="date_of_birth",
        )
    # Speech-to-text may write a name in lower case only.
    return Patient(full.title() if full.islower() else full, born)


def wanted_start(book: AppointmentBook, day: str, clock: str) -> datetime:
    """Read a day (YYYY-MM-DD) that can be booked and a time (HH:MM).

    Raises:
        AskAgain: One of them is malformed, or the day is outside the book.
    """
    wanted = wanted_day(book, day)
    try:
        moment = time.fromisoformat(clock.strip())
    except ValueError:
        raise AskAgain(
            "I did not catch the time. What time would you like?", needs="time"
        ) from None
    start = datetime.combine(wanted, moment.replace(tzinfo=None))
    # "Two o'clock" may arrive as 02:00; nobody means the night.
    return start + timedelta(hours=12) if start.hour < EARLIEST_HOUR else start


def wanted_day(book: AppointmentBook, day: str) -> date:
    """Read a day (YYYY-MM-DD) that can be booked.

    Raises:
        AskAgain: It is malformed, past, at a weekend or beyond the book.
    """
    today = book.now().date()
    wanted = _iso_day(day)
    days = book.days()
    span = f"{spoken_day(days[0], today)} to {spoken_day(days[-1], today)}"
    if wanted is None:
        say = f"I did not catch the day. You can have any weekday from {span}. Which one?"
    elif wanted < today:
        say = f"That day has passed. You can have any weekday from {span}. Which one?"
    elif not is_working_day(wanted):
        say = f"We are closed on {wanted:%A}s. You can have any weekday from {span}. Which one?"
    elif wanted > days[-1]:
        say = f"Our book is only open from {span}. Which day would you like?"
    else:
        return wanted
    raise AskAgain(say, needs="day")


def _iso_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
