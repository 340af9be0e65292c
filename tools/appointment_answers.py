"""How the receptionist's tools word their results."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from tools.appointment_book import Appointment
from tools.appointment_request import Patient
from tools.spoken import spoken_date, spoken_day, spoken_time, spoken_times

OFFERED_AT_ONCE = 3

Answer = dict[str, Any]


def offer(wanted: str, day: date, slots: Sequence[datetime], today: date) -> Answer:
    """Offer a few of the free slots of `day`.

    `wanted` is what the caller asked for and cannot have ("Monday morning"), "" if this is it.
    """
    count = min(OFFERED_AT_ONCE, len(slots))
    offered = [slots[index * len(slots) // count] for index in range(count)]
    sorry = f"{wanted} has nothing free. " if wanted else ""
    return {
        "say": f"{sorry}{spoken_day(day, today)} has {_spoken(offered)}. Which suits you?",
        "day": day.isoformat(),
        "times": _clocks(offered),
        "other_times": _clocks([slot for slot in slots if slot not in offered]),
        "needs": "time",
    }


def nothing_free() -> Answer:
    """Word that the whole book is full."""
    return {
        "say": "I am sorry, every appointment is taken. Please call again in a few days.",
        "times": [],
    }


def not_free(start: datetime, free: Sequence[datetime], now: datetime) -> Answer:
    """Word that `start` cannot be had, and offer the slots nearest to it."""
    if not free:
        return nothing_free()
    nearest = sorted(free, key=lambda slot: abs(slot - start))
    day = nearest[0].date()
    offered = sorted([slot for slot in nearest if slot.date() == day][:OFFERED_AT_ONCE])
    clock, today = spoken_time(start.time()), now.date()
    if start <= now:
        sorry = "That time has passed"
    else:
        sorry = f"I am sorry, {clock} on {spoken_day(start.date(), today)} is not free"
    verb = "is" if len(offered) == 1 else "are"
    nearby = f"The nearest {verb} {_spoken(offered)} on {spoken_day(day, today)}."
    return {
        "say": f"{sorry}. {nearby} Which suits you?",
        "day": day.isoformat(),
        "times": _clocks(offered),
        "needs": "time",
    }


def booking_read_back(start: datetime, patient: Patient, today: date) -> Answer:
    """Repeat what would be booked and ask for a yes."""
    born = spoken_date(patient.born)
    say = f"So that is {when(start, today)} for {patient.name}, born {born}. Shall I book it?"
    return {"say": say, **_booking_facts(start, patient), "booked": False, "needs": "confirmed"}


def booked(start: datetime, patient: Patient, today: date) -> Answer:
    """Confirm a booking."""
    say = f"{patient.name} is booked for {when(start, today)}."
    return {"say": say, **_booking_facts(start, patient), "booked": True}


def not_found(patient: Patient) -> Answer:
    """Word that the patient has no appointment, or was not heard well."""
    born = spoken_date(patient.born)
    return {
        "say": (
            f"I cannot find an appointment for {patient.name}, born {born}. "
            "Can you say the name again, and spell the last name?"
        ),
        "found": False,
        "needs": "name",
    }


def move_read_back(appointment: Appointment, start: datetime, today: date) -> Answer:
    """Repeat what would be moved and ask for a yes."""
    old, new = when(appointment.start, today), when(start, today)
    say = f"So I move {appointment.name} from {old} to {new}. Shall I do that?"
    return {"say": say, **_start_facts(start), "moved": False, "needs": "confirmed"}


def moved(appointment: Appointment, start: datetime, today: date) -> Answer:
    """Confirm a move."""
    say = f"The appointment of {appointment.name} is now on {when(start, today)}."
    return {"say": say, **_start_facts(start), "moved": True}


def cancel_read_back(appointment: Appointment, today: date) -> Answer:
    """Repeat what would be cancelled and ask for a yes."""
    on = when(appointment.start, today)
    say = f"{appointment.name} has an appointment on {on}. Shall I cancel it?"
    return {"say": say, "cancelled": False, "needs": "confirmed"}


def cancelled(appointment: Appointment, today: date) -> Answer:
    """Confirm a cancellation."""
    on = when(appointment.start, today)
    return {"say": f"The appointment on {on} is cancelled.", "cancelled": True}


def when(start: datetime, today: date) -> str:
    """ "Monday the twenty third at ten thirty"."""
    return f"{spoken_day(start.date(), today)} at {spoken_time(start.time())}"


def _spoken(slots: Sequence[datetime]) -> str:
    return spoken_times([slot.time() for slot in slots])


def _clocks(slots: Sequence[datetime]) -> list[str]:
    return [f"{slot:%H:%M}" for slot in slots]


def _start_facts(start: datetime) -> Answer:
    return {"day": start.date().isoformat(), "time": f"{start:%H:%M}"}


def _booking_facts(start: datetime, patient: Patient) -> Answer:
    return {
        **_start_facts(start),
        "name": patient.name,
        "date_of_birth": patient.born.isoformat(),
    }
