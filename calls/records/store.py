"""Where events of calls go: one store a process, with one thread that writes."""

import asyncio
import atexit
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from loguru import logger

from calls.costs.bill import cost_of
from calls.costs.prices import price_table
from calls.records.closing import CostOf
from calls.records.database import Database
from calls.records.event import Event
from calls.records.kept import Kept
from calls.records.spill import ESSENTIAL, SPILL_AT_MOST
from calls.records.writing import Writing
from settings import Settings

# Events that wait in memory. A call has some three a second.
QUEUE_AT_MOST = 20_000
# From the first event that waits to the commit.
_GATHER_S = 0.5
_BATCH_AT_MOST = 2_000
_EXIT_AT_MOST_S = 5.0

Tap = Callable[[Event], None]


class RecordStore:
    """Keeps the events of this process's calls.

    The thread begins with `start()`, or with the first event. It commits within a second, and
    takes in what dead processes left. While the database is away, events go to a file.

    Parameters:
        database: Where they are kept.
        cost_of: From the facts of "usage" events to those of a "cost" event, for calls whose
            process died before it could say what they cost.
        queue_at_most: Events that may wait; further ones are dropped, but for the essential.
        spill_at_most: Bytes that may be spilled, with the same exception.

    Attributes:
        dropped: Events that could not be kept.
        spilled: Events that had to go to the file.
    """

    def __init__(
        self,
        database: Database,
        *,
        cost_of: CostOf | None = None,
        queue_at_most: int = QUEUE_AT_MOST,
        spill_at_most: int = SPILL_AT_MOST,
    ) -> None:
        self.database = database
        self._queue: queue.SimpleQueue[Kept | Future[None]] = queue.SimpleQueue()
        self._queue_at_most = queue_at_most
        self._writing = Writing(
            database,
            pending_at_most=queue_at_most,
            spill_at_most=spill_at_most,
            cost_of=cost_of,
        )
        self._overflowed = 0
        self._taps: list[Tap] = []
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()
        self._closed: Future[None] | None = None

    @property
    def dropped(self) -> int:
        return self._overflowed + self._writing.dropped

    @property
    def spilled(self) -> int:
        return self._writing.spilled

    def start(self) -> None:
        """Begin to write, and take in what was left by processes that died."""
        if self._thread is None and self._closed is None:
            self._thread = threading.Thread(target=self._run, name="records", daemon=True)
            self._thread.start()
            atexit.register(self._leave)

    def put(self, event: Event) -> None:
        """Take an event. It never waits and never raises."""
        try:
            self.start()
            waiting = self._queue.qsize()
            full = waiting >= self._queue_at_most and event.kind not in ESSENTIAL
            if full or self._closed:
                self._overflow()
            else:
                self._queue.put(Kept.of(event))
            if waiting >= _BATCH_AT_MOST:
                self._hurry.set()
        except Exception as error:
            logger.error(f"An event of a call is lost: {error!r}")
        for tap in self._taps:
            try:
                tap(event)
            except Exception as error:
                logger.error(f"Not everybody was told of an event of a call: {error!r}")

    def listen(self, tap: Tap) -> None:
        """Have a function of this process told of every event, as it is put, on the event loop."""
        self._taps.append(tap)

    async def flush(self) -> None:
        """Wait until everything that was put is kept: in the database, or spilled."""
        if self._thread and self._closed is None:
            done: Future[None] = Future()
            self._queue.put(done)
            self._hurry.set()
            await asyncio.wrap_future(done)

    async def close(self) -> None:
        """Keep what was put, and end. The database is closed, too."""
        if closed := self._close():
            await asyncio.wrap_future(closed)

    def _close(self) -> Future[None] | None:
        if self._thread and self._closed is None:
            self._closed = Future()
            self._queue.put(self._closed)
            self._hurry.set()
            atexit.unregister(self._leave)
        return self._closed

    def _leave(self) -> None:
        thread = self._thread
        self._close()
        if thread:
            thread.join(_EXIT_AT_MOST_S)

    def _overflow(self) -> None:
        if self._overflowed == 0:
            why = "the store is closed" if self._closed else "more come than can be written"
            logger.error(f"Events of calls are dropped: {why}.")
        self._overflowed += 1

    def _run(self) -> None:
        self._writing.keep([])
        while self._closed is None or not self._closed.done():
            events, waiting = self._gathered()
            self._writing.keep(events)
            closed = self._closed
            if closed in waiting:
                self._writing.end()
                if _STORES.get(_key(self.database)) is self:
                    del _STORES[_key(self.database)]
            for done in waiting:
                done.set_result(None)

    def _gathered(self) -> tuple[list[Kept], list[Future[None]]]:
        """What came, until it is time to write; nothing where nothing came for a while."""
        events: list[Kept] = []
        wait_s = self._writing.at_latest_in_s
        while len(events) < _BATCH_AT_MOST:
            try:
                item = self._queue.get(timeout=wait_s)
            except queue.Empty:
                break
            if isinstance(item, Future):
                return events, [item]
            events.append(item)
            if len(events) == 1 and self._queue.qsize() < _BATCH_AT_MOST:
                # To be woken for each of them would cost the loop's thread more than it does here.
                self._hurry.wait(_GATHER_S)
                self._hurry.clear()
            wait_s = 0.0
        return events, []


_STORES: dict[tuple[Path, str], RecordStore] = {}


def store_of(settings: Settings) -> RecordStore:
    """The store of this process for the database that the settings name."""
    database = Database.of(settings)
    if (store := _STORES.get(_key(database))) is None:
        store = RecordStore(database, cost_of=_cost_of(settings))
        _STORES[_key(database)] = store
    return store


def _cost_of(settings: Settings) -> CostOf:
    def cost(usages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        return cost_of(usages, price_table(settings.prices_file)).facts()

    return cost


def _key(database: Database) -> tuple[Path, str]:
    return database.folder.absolute(), database.url.render_as_string(hide_password=False)
