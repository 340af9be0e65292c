"""What a caller can do about a visit to the clinic: find a time, book, move, cancel."""

import asyncio
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from pipecat.services.llm_service import FunctionCallParams

from tools import appointment_answers as answers
from tools.appointment_book import Appointment, AppointmentBook, Booking
from tools.appointment_request import (
    AskAgain,
    wanted_day,
    wanted_patient,
    wanted_start,
)
from tools.opening_hours import NOON

KEYTERMS = ("appointment", "reschedule", "check-up", "date of birth", "prescription", "vaccination")


class AppointmentCall(Protocol):
    """What these tools use of the call."""

    @property
    def data_dir(self) -> Path: ...

    def set_outcome(self, outcome: str, why: str = "") -> None:
        """How the call came out, as far as this tool knows."""


async def find_slots(params: FunctionCallParams, day: str = "", part_of_day: str = "") -> None:
    """Find free times. Offers at most three; `other_times` holds the rest of that day.

    Args:
        day: The wanted day as YYYY-MM-DD. Empty for the first day that has a free time.
        part_of_day: "morning", "afternoon" or empty for any.
    """
    book = _book(params)
    try:
        await params.result_callback(await _offer(book, day.strip(), part_of_day.strip().lower()))
    except AskAgain as problem:
        await params.result_callback(problem.result)


async def book_appointment(
    params: FunctionCallParams,
    day: str,
    time: str,
    name: str,
    date_of_birth: str,
    confirmed: bool,
    reason: str = "",
) -> None:
    """Book a free time. Without `confirmed` nothing is written and the read-back comes back.

    Args:
        day: The day as YYYY-MM-DD.
        time: The start as HH:MM, 24 hours, e.g. "14:30".
        name: The patient's first and last name.
        date_of_birth: The patient's date of birth as YYYY-MM-DD.
        confirmed: True only after the caller said yes to the read-back.
        reason: What the visit is for, if the caller said so.
    """
    book = _book(params)
    today = book.now().date()
    try:
        start = wanted_start(book, day, time)
        patient = wanted_patient(name, date_of_birth, today)
    except AskAgain as problem:
        await params.result_callback(problem.result)
        return
    held = await asyncio.to_thread(book.find, patient.name, patient.born)
    # A repeated "yes", after an answer that the caller talked over, is no second booking.
    if any(appointment.start == start for appointment in held):
        _resolved(params, "booked an appointment")
        await params.result_callback(answers.booked(start, patient, today))
        return
    free = await asyncio.to_thread(book.free_slots)
    if start not in free:
        await params.result_callback(answers.not_free(start, free, book.now()))
        return
    if confirmed is not True:
        await params.result_callback(answers.booking_read_back(start, patient, today))
        return
    words = " ".join(reason.split())
    booking = await asyncio.to_thread(book.book, start, patient.name, patient.born, words)
    if booking is Booking.TAKEN:
        await params.result_callback(await _taken(book, start))
        return
    _resolved(params, "booked an appointment")
    await params.result_callback(answers.booked(start, patient, today))


async def move_appointment(
    params: FunctionCallParams, name: str, date_of_birth: str, day: str, time: str, confirmed: bool
) -> None:
    """Move a patient's next appointment to a free time. Without `confirmed` nothing is written.

    Args:
        name: The patient's first and last name.
        date_of_birth: The patient's date of birth as YYYY-MM-DD.
        day: The new day as YYYY-MM-DD.
        time: The new start as HH:MM, 24 hours, e.g. "14:30".
        confirmed: True only after the caller said yes to the read-back.
    """
    book = _book(params)
    today = book.now().date()
    try:
        appointment = await _next_appointment(book, name, date_of_birth)
        start = wanted_start(book, day, time)
    except AskAgain as problem:
        await params.result_callback(problem.result)
        return
    if start == appointment.start:
        _resolved(params, "moved an appointment")
        await params.result_callback(answers.moved(appointment, start, today))
        return
    free = await asyncio.to_thread(book.free_slots)
    if start not in free:
        await params.result_callback(answers.not_free(start, free, book.now()))
        return
    if confirmed is not True:
        await params.result_callback(answers.move_read_back(appointment, start, today))
        return
    if await asyncio.to_thread(book.move, appointment, start) is Booking.TAKEN:
        await params.result_callback(await _taken(book, start))
        return
    _resolved(params, "moved an appointment")
    await params.result_callback(answers.moved(appointment, start, today))


async def cancel_appointment(
    params: FunctionCallParams, name: str, date_of_birth: str, confirmed: bool
) -> None:
    """Cancel a patient's next appointment. Without `confirmed` nothing is written.

    Args:
        name: The patient's first and last name.
        date_of_birth: The patient's date of birth as YYYY-MM-DD.
        confirmed: True only after the caller said yes to the read-back.
    """
    book = _book(params)
    today = book.now().date()
    try:
        appointment = await _next_appointment(book, name, date_of_birth)
    except AskAgain as problem:
        await params.result_callback(problem.result)
        return
    if confirmed is not True:
        await params.result_callback(answers.cancel_read_back(appointment, today))
        return
    await asyncio.to_thread(book.cancel, appointment)
    _resolved(params, "cancelled an appointment")
    await params.result_callback(answers.cancelled(appointment, today))


def _book(params: FunctionCallParams) -> AppointmentBook:
    call: AppointmentCall = params.app_resources
    return AppointmentBook(call.data_dir)


def _resolved(params: FunctionCallParams, why: str) -> None:
    call: AppointmentCall = params.app_resources
    call.set_outcome("resolved", why)


async def _offer(book: AppointmentBook, day: str, part_of_day: str) -> dict[str, Any]:
    wanted = wanted_day(book, day) if day else None
    free = [slot for slot in await asyncio.to_thread(book.free_slots) if _in(part_of_day, slot)]
    by_day = {day: [*slots] for day, slots in groupby(free, key=datetime.date)}
    if not by_day:
        return answers.nothing_free()
    # A full last day is answered with the first free one of the whole book.
    offered = next((day for day in by_day if wanted is None or day >= wanted), next(iter(by_day)))
    missed = ""
    if wanted and wanted != offered:
        missed = f"{wanted:%A} {part_of_day}".strip()
    return answers.offer(missed, offered, by_day[offered], book.now().date())


def _in(part_of_day: str, slot: datetime) -> bool:
    match part_of_day:
        case "morning":
            return slot.time() < NOON
        case "afternoon":
            return slot.time() >= NOON
        case _:
            return True


async def _taken(book: AppointmentBook, start: datetime) -> dict[str, Any]:
    free = await asyncio.to_thread(book.free_slots)
    return answers.not_free(start, free, book.now())


async def _next_appointment(book: AppointmentBook, name: str, date_of_birth: str) -> Appointment:
    patient = wanted_patient(name, date_of_birth, book.now().date())
    found = await asyncio.to_thread(book.find, patient.name, patient.born)
    if not found:
        raise AskAgain(**answers.not_found(patient))
    return found[0]
