"""How far ahead a phone is sent what it plays: as far as this server was late of late."""

import asyncio

from pipecat.transports.websocket.fastapi import FastAPIWebsocketOutputTransport

# Of how late a timer was, nothing is left after some times as long.
_HALF_LIFE_S = 5.0
# Between the timer and the socket there are some more turns of the same loop.
_TURNS_OF_THE_LOOP = 2
_MARGIN_S = 0.02
# What is ahead is played on when the bot is to be silent.
_AHEAD_AT_MOST_S = 0.25


class Pacing:
    """Sends a phone its audio as it is played, a little ahead.

    Pipecat's output sends a piece when the phone still has as much to play. On a loop that is
    late by more than that, the phone plays silence within words. So here the phone has more, for
    as long as the loop is that late: a pause or an interruption is heard as much later.
    """

    def __init__(self) -> None:
        self._ends_s = 0.0
        self._late_s = self._late_at_s = 0.0

    def at(self, output: FastAPIWebsocketOutputTransport) -> None:
        """Set the pace of an output."""

        async def wait() -> None:
            if not output._next_send_time:
                # It begins, or the phone was told to drop what it had.
                self._ends_s = 0.0
            await self._piece_went(output._send_interval)
            output._next_send_time = self._ends_s

        # On the instance: the transports of all channels share nothing else.
        output._write_audio_sleep = wait  # type: ignore[method-assign]

    async def _piece_went(self, lasts_s: float) -> None:
        """Wait until the next one is due."""
        now_s = _now_s()
        self._ends_s = max(now_s, self._ends_s) + lasts_s
        due_s = self._ends_s - self._ahead_s(lasts_s, now_s)
        await asyncio.sleep(max(0.0, due_s - now_s))
        if due_s > now_s:
            self._was_late(_now_s() - due_s)

    def _ahead_s(self, piece_s: float, now_s: float) -> float:
        """How much the phone is to have when the next piece goes."""
        late_s = _TURNS_OF_THE_LOOP * self._late_now_s(now_s) + _MARGIN_S
        return min(_AHEAD_AT_MOST_S, max(piece_s, late_s))

    def _was_late(self, late_s: float) -> None:
        now_s = _now_s()
        if late_s >= self._late_now_s(now_s):
            self._late_s, self._late_at_s = late_s, now_s

    def _late_now_s(self, now_s: float) -> float:
        return self._late_s * 0.5 ** ((now_s - self._late_at_s) / _HALF_LIFE_S)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
