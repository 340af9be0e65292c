"""Following a call that runs: its new events, as they are kept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from calls.records.event import Event
from calls.records.queries import Records

POLL_S = 0.5
_QUIET_AT_MOST_S = 15.0


class Following:
    """Asks the records for news. They may be written by another process than this one.

    Parameters:
        pause: Waits the seconds it is given.
    """

    def __init__(self, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._pause = pause

    async def of(
        self, records: Records, call_id: str, after_seq: int
    ) -> AsyncIterator[list[Event]]:
        """The events after `after_seq`, then every half second those that are new.

        A list is empty at first where nothing is new, and again after 15 s without news. It goes
        on until whoever reads stops.
        """
        quiet_s = _QUIET_AT_MOST_S
        while True:
            events = await records.events(call_id, after_seq=after_seq)
            if events or quiet_s >= _QUIET_AT_MOST_S:
                quiet_s = 0.0
                after_seq = events[-1].seq if events else after_seq
                yield events
            await self._pause(POLL_S)
            quiet_s += POLL_S
