"""Sends an answer piece by piece, and does on the way what the faults of its turn ask for."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from rehearsal.standins.faults import Hit


@dataclass(frozen=True)
class Piece:
    """A message or a stretch of a body.

    Attributes:
        data: What goes out: text or bytes.
        weight: How many tokens, chunks or words it brings; 0 for everything around them.
        audio: It carries audio.
        end: It ends the answer.
        due_s: The event loop's time before which it does not go out.
    """

    data: str | bytes
    weight: int = 0
    audio: bool = False
    end: bool = False
    due_s: float = 0.0


class Wire(Protocol):
    """The client's side of a connection, as an answer needs it."""

    async def send(self, data: str | bytes) -> None: ...

    async def keep_alive(self) -> None:
        """Send what keeps the connection alive and says nothing."""
        ...

    def abort(self) -> None:
        """Break off without a word."""
        ...

    async def hold(self) -> None:
        """Send nothing more of this answer; returns at once where other answers share the wire."""
        ...


class Delivery:
    """One turn's answer on its way. After a fault ended it, all further pieces are dropped."""

    def __init__(self, wire: Wire, hit: Hit) -> None:
        self._wire = wire
        self._hit = hit
        self._brought = 0
        self._begun = False
        self._malformed = False
        self.over = False

    async def send(self, piece: Piece) -> bool:
        """Send one piece. False: this answer is over, nothing of it goes out any more."""
        if self.over:
            return False
        wait_s = piece.due_s - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if not self._begun:
            self._begun = True
            if await self._instead_of_an_answer():
                return False
        if await self._breaks_off(piece):
            return False
        if piece.audio and "no_audio" in self._hit:
            return True
        await self._wire.send(self._spoilt(piece))
        self._brought += piece.weight
        return True

    async def _instead_of_an_answer(self) -> bool:
        if "never_answers" in self._hit:
            await self._stop()
            return True
        if (fault := self._hit.get("keep_alives")) is not None:
            self.over = True
            while True:
                await self._wire.keep_alive()
                await asyncio.sleep(max(fault.seconds, 0.01))
        if (fault := self._hit.get("late")) is not None:
            await asyncio.sleep(fault.seconds)
        return False

    async def _breaks_off(self, piece: Piece) -> bool:
        for kind in ("close", "stall"):
            fault = self._hit.get(kind)
            if fault is None:
                continue
            too_much = piece.weight > 0 and self._brought + piece.weight > fault.after
            if not (too_much or piece.end):
                continue
            if kind == "close":
                self.over = True
                self._wire.abort()
            else:
                await self._stop()
            return True
        return False

    def _spoilt(self, piece: Piece) -> str | bytes:
        fault = self._hit.get("malformed_json")
        if fault is None or self._malformed:
            return piece.data
        if (piece.weight and self._brought + piece.weight > fault.after) or piece.end:
            self._malformed = True
            return _broken_off(piece.data)
        return piece.data

    async def _stop(self) -> None:
        self.over = True
        await self._wire.hold()


def _broken_off(data: str | bytes) -> str | bytes:
    """The first two thirds, with the blank lines that end an event still there."""
    body = data.rstrip("\n") if isinstance(data, str) else data.rstrip(b"\n")
    return body[: len(body) * 2 // 3] + data[len(body) :]  # pyright: ignore[reportOperatorIssue]
