"""Makes the providers of one call fail as its cell says, at the moment it says.

An outage lasts: from its moment to the call's end everything that the provider is asked meets the
fault, and so does every attempt to connect anew.

- *first turn*: the provider is in trouble before the call begins.
- *third turn*: it gets into trouble right before the caller's third line. What fails when a
  connection is opened can only be met by a new one, so the open ones break off.
- *second caller*: as at the first turn, and the call before has met it already.
- *call beside*: as at the first turn, for another call: its connections and its words alone.
- *mid-answer*: of a voice or a model, the answer that is being given breaks off (or stalls, or is
  spoilt) in the middle, and whatever is asked then meets the fault. Of speech-to-text, it gets into
  trouble while the bot speaks. Of a tool, the model has begun to speak when it calls it.
"""

from typing import Any, cast

from rehearsal.faults.script import ORDER
from rehearsal.order_desk import DeskFault, OrderDesk
from rehearsal.standins import StandIns
from rehearsal.standins.faults import KINDS
from scripts.faults.cells import SEATS, Cell
from scripts.faults.systems import FRESH_KEYTERM

_CUT_AFTER = 8  # words of a model, tenths of a second of a voice
_LATE_S = 5.0
_FROM_THE_BEGINNING = ("first", "second", "beside")
_BREAKS_OFF_ITSELF = ("close", "stall", "malformed_json", "stale_context")

# What only the failing call of two says, hears, or asks for. A voice's new connections are its own.
_OF_THE_OTHER_CALL = {
    ("stt", "connection"): f"keyterm={FRESH_KEYTERM}",
    ("stt", "turn"): f"keyterm={FRESH_KEYTERM}",
    ("llm", "connection"): ORDER.say,
    ("llm", "turn"): ORDER.say,
    ("tts", "turn"): "order|Wednesday",
}


class Outage:
    """The trouble of one call."""

    def __init__(self, cell: Cell, providers: StandIns, desk: OrderDesk) -> None:
        self._cell = cell
        self._providers = providers
        self._desk = desk

    def before_call(self) -> None:
        if self._cell.stage == "none":
            return
        if self._cell.moment in _FROM_THE_BEGINNING:
            self._begin()

    def before_line(self, place: int) -> None:
        unconcerned = self._cell.stage == "none" or self._cell.moment in _FROM_THE_BEGINNING
        if unconcerned or place != self._cell.faulty_line:
            return
        if self._cell.stage == "tool" or self._cell.moment == "third":
            self._begin(connections_too=True)
        elif self._cell.stage != "stt":
            self._break_off_the_answer()

    def while_answered(self, place: int) -> None:
        cell = self._cell
        if place == cell.faulty_line and cell.moment == "mid" and cell.stage == "stt":
            self._begin(connections_too=True)
            self._providers.house.drop(SEATS["stt"])

    def _begin(self, *, connections_too: bool = False) -> None:
        cell = self._cell
        if cell.stage == "tool":
            self._desk.fault = cast(DeskFault, cell.fault)
            return
        self._fault(cell.fault)
        if connections_too and KINDS[cell.fault].level == "connection":
            self._providers.house.drop(SEATS[cell.stage])

    def _break_off_the_answer(self) -> None:
        cell, house = self._cell, self._providers.house
        seat = SEATS[cell.stage]
        answer = house.begun(seat, "turn") + 1
        if cell.fault in _BREAKS_OFF_ITSELF:
            self._fault(cell.fault, first=answer, after=_CUT_AFTER)
            return
        self._fault("close", first=answer, last=answer, after=_CUT_AFTER)
        if KINDS[cell.fault].level == "turn":
            self._fault(cell.fault, first=answer + 1)
        else:
            # A model is connected to for every answer, a voice once for all of them.
            answers_itself = 1 if cell.stage == "llm" else 0
            self._fault(cell.fault, first=house.begun(seat, "connection") + 1 + answers_itself)

    def _fault(self, kind: str, **parameters: Any) -> None:
        if kind == "late":
            parameters["seconds"] = _LATE_S
        if self._cell.moment == "beside":
            parameters["match"] = _OF_THE_OTHER_CALL.get((self._cell.stage, KINDS[kind].level), "")
        self._providers.fault(SEATS[self._cell.stage], kind, **parameters)
