"""Packets in the order in which they were sent, as soon as can be."""

from aiortc.rtp import RtpPacket

# So many packets behind one that is missing are held back for it: 60 ms.
_WAIT_FOR_IT = 3
# Sequence numbers have 16 bits. One that is further from what is due than this, either way, begins
# a new row: 2 s.
_NUMBERS = 1 << 16
_FAR = 100


class InOrder:
    """Gives packets out in order; each at once, where none before it is missing."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._early: dict[int, RtpPacket] = {}

    def take(self, packet: RtpPacket) -> list[RtpPacket]:
        """Those that are due, now that this has come.

        A packet comes out once. One that comes after it was no longer waited for does not.
        """
        ahead = self._ahead(packet.sequence_number)
        if self._next is None or _FAR <= ahead < _NUMBERS - _FAR:
            self._next, ahead = packet.sequence_number, 0
            self._early.clear()
        if ahead >= _FAR:
            return []
        self._early[packet.sequence_number] = packet
        due = self._in_a_row()
        while len(self._early) >= _WAIT_FOR_IT:
            self._next = min(self._early, key=self._ahead)
            due += self._in_a_row()
        return due

    def _ahead(self, number: int) -> int:
        return 0 if self._next is None else (number - self._next) % _NUMBERS

    def _in_a_row(self) -> list[RtpPacket]:
        row = []
        while self._next is not None and (packet := self._early.pop(self._next, None)):
            row.append(packet)
            self._next = (self._next + 1) % _NUMBERS
        return row
