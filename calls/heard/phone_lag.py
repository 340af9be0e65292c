"""How far a phone is behind what was sent to it, by the marks that it sends back."""

from calls.marks import Trip

_TRIPS_REMEMBERED = 100


class PhoneLag:
    """Compares every mark's trip with the shortest one of the call.

    A mark and a `clear` take the same way to the phone, so that a steady delay, however long,
    changes nothing about what is played before the `clear` arrives. What counts is how much
    longer than the shortest the way of the audio has become.
    """

    def __init__(self) -> None:
        self._shortest_s: float | None = None
        self._under_way: list[Trip] = []
        self._latest_s = 0.0

    def sent(self, trip: Trip, now_s: float) -> None:
        """A mark leaves."""
        self._look()
        trip.sent_s = now_s
        self._under_way = [*self._under_way, trip][-_TRIPS_REMEMBERED:]

    def behind_s(self, now_s: float) -> float:
        """Seconds of audio that were sent and are not played when a `clear` sent now arrives."""
        self._look()
        if self._shortest_s is None:
            return 0.0
        longest_s = self._latest_s
        if self._under_way:
            first = self._under_way[0]
            longest_s = max(longest_s, now_s - first.sent_s - first.ahead_s)
        return max(0.0, longest_s - self._shortest_s)

    def cleared(self) -> None:
        """Marks come back now although nothing was played, and tell nothing."""
        self._under_way = []
        self._latest_s = self._shortest_s or 0.0

    def _look(self) -> None:
        """Take those that have come back."""
        while self._under_way and self._under_way[0].back_s is not None:
            trip = self._under_way.pop(0)
            if trip.cut_short:
                self._latest_s = self._shortest_s or 0.0
                continue
            self._latest_s = trip.took_s
            self._shortest_s = min(self._shortest_s or self._latest_s, self._latest_s)
