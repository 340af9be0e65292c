"""Who looked at what: written once for a while, however often a page asks again."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from calls.records.queries import Records
from server.operator.door import Operator

# A page that stays open asks every few seconds; a player asks for a recording part by part.
AGAIN_S = 60.0
_KEPT_AT_MOST = 1000


class AccessLog:
    """Remembers the newest entries, so that the same one is written once a minute.

    Parameters:
        records: Keep it.
        now: Seconds of a monotonic clock.
    """

    def __init__(self, records: Records, *, now: Callable[[], float] = time.monotonic) -> None:
        self._records = records
        self._now = now
        self._written_s: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def note(self, who: str, what: str) -> None:
        """Somebody looked at something, or did something.

        Raises:
            RecordsUnavailable: nothing is shown that is not written down.
        """
        now_s, key = self._now(), (who, what)
        if now_s - self._written_s.get(key, -AGAIN_S) < AGAIN_S:
            return
        await self._records.looked_at(who, what)
        self._written_s[key] = now_s
        self._written_s.move_to_end(key)
        while len(self._written_s) > _KEPT_AT_MOST:
            self._written_s.popitem(last=False)


class Looking:
    """The operator of a request, for FastAPI's `Depends`: what they look at is written down."""

    def __init__(self, request: Request, operator: Operator) -> None:
        self._log: AccessLog = request.app.state.access_log
        self.who = operator.who

    async def at(self, what: str) -> None:
        """As `AccessLog.note`."""
        await self._log.note(self.who, what)


Looks = Annotated[Looking, Depends()]
