"""The webhook at the end of a call: told at least once, over failures and restarts."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from loguru import logger

from calls.records.event import Event
from calls.webhook.outbox import Outbox, Owed
from calls.webhook.request import NotTaken, Receiver
from calls.webhook.schedule import GIVEN_UP_AFTER_S, wait_s

Export = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""A call's id to its record as JSON has it. None, or `live` true in it: it is not complete yet."""

_AT_ONCE = 4
_WAIT_AT_END_S = 2.0


class Webhook:
    """Tells a receiver of every call that is over.

    A call is put into the outbox when it begins, so that one that ends with its process is told
    of after the next start. The record is read again for every attempt.

    Parameters:
        receiver: Who is told.
        outbox: What is owed, on disk.
        export: Reads a call's record.
        now_s: Unix time.
        rng: Spreads attempts.
    """

    def __init__(
        self,
        receiver: Receiver,
        outbox: Outbox,
        export: Export,
        *,
        now_s: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        self._receiver = receiver
        self._outbox = outbox
        self._export = export
        self._now_s = now_s
        self._rng = rng or random.Random()
        self._owed: dict[str, Owed] = {}
        self._deliveries: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._closed = False
        # One thread: what is put first is on the disk first.
        self._disk = ThreadPoolExecutor(1)

    @property
    def oldest_owed_s(self) -> float:
        """How long the call that ended first has not been told of; 0 when none is owed."""
        since = [owed.since_s for owed in list(self._owed.values()) if owed.since_s is not None]
        return max(0.0, self._now_s() - min(since)) if since else 0.0

    def told(self, event: Event) -> None:
        """An event of a call: its beginning and its end matter."""
        if self._closed:
            return
        if event.kind == "call":
            self._spawn(self._keep(Owed(event.call_id)))
        elif event.kind == "end":
            self._begin(Owed(event.call_id, self._now_s()))

    async def start(self) -> None:
        """Tell of what an earlier process left: to be called before this one takes calls."""
        for owed in await self._on_disk(lambda: list(self._outbox.all())):
            self._begin(owed if owed.since_s is not None else Owed(owed.call_id, self._now_s()))

    async def close(self, *, at_most_s: float = _WAIT_AT_END_S) -> None:
        """Let deliveries that are on their way arrive. The rest is for the next start."""
        self._closed = True
        if self._deliveries:
            _, late = await asyncio.wait(self._deliveries, timeout=at_most_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._receiver.close()
        await asyncio.to_thread(self._disk.shutdown)

    def _begin(self, owed: Owed) -> None:
        self._owed[owed.call_id] = owed
        self._spawn(self._deliver(owed))

    def _spawn(self, job: Any) -> None:
        task = asyncio.ensure_future(job)
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _on_disk(self, job: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._disk, job)

    async def _keep(self, owed: Owed) -> bool:
        try:
            await self._on_disk(lambda: self._outbox.put(owed))
        except OSError as error:
            logger.error(
                f"Call {owed.call_id[:8]} will not be told of after a restart, because the "
                f"outbox of the webhook cannot be written: {error}"
            )
            return False
        return True

    async def _deliver(self, owed: Owed) -> None:
        kept = await self._keep(owed)
        failures = 0
        while not await self._attempt(owed, failures):
            if kept and not await self._on_disk(lambda: self._outbox.has(owed.call_id)):
                logger.info(f"Nobody is told that call {owed.call_id[:8]} ended: it was erased.")
                break
            failures += 1
            pause_s = wait_s(failures, self._rng)
            if self._now_s() + pause_s - (owed.since_s or 0.0) > GIVEN_UP_AFTER_S:
                logger.error(
                    f"Nobody is told any more that call {owed.call_id[:8]} ended: the webhook "
                    f"was tried {failures} times in a day."
                )
                break
            await asyncio.sleep(pause_s)
        self._owed.pop(owed.call_id, None)
        try:
            await self._on_disk(lambda: self._outbox.remove(owed.call_id))
        except OSError as error:
            logger.error(f"Call {owed.call_id[:8]} will be told of once more: {error}")

    async def _attempt(self, owed: Owed, failures: int) -> bool:
        try:
            async with self._places:
                record = await self._export(owed.call_id)
                if record is None or record.get("live"):
                    logger.debug(f"The record of call {owed.call_id[:8]} is not complete yet")
                    return False
                await self._receiver.tell(owed.call_id, record, at_s=self._now_s())
        except NotTaken as error:
            why: object = error
        except Exception as error:
            # Whatever keeps a record from being read today may be over tomorrow.
            why = repr(error)
        else:
            return True
        logger.warning(
            f"The webhook did not take that call {owed.call_id[:8]} ended "
            f"(attempt {failures + 1}): {why}. It is tried again."
        )
        return False
