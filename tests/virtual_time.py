"""Virtual time for tests: when nothing is ready, the clock jumps to the next timer.

``@in_virtual_time`` runs an ``async def`` test on a loop of its own. While a job runs in an
executor, or a thread started after the loop is alive, time passes at its real pace instead.
"""

import asyncio
import functools
import selectors
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pipecat.clocks.base_clock import BaseClock

LONGEST_REAL_WAIT_S = 30

Result = TypeVar("Result")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose ``time()`` starts at 1000 s and costs nothing to wait for."""

    def __init__(self) -> None:
        self._virtual_s = 1000.0
        self._jobs_running = 0
        self._threads_before = set(threading.enumerate())
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """The virtual time in seconds."""
        return self._virtual_s

    def pass_time(self, elapsed_s: float) -> None:
        """Moves the clock forward."""
        self._virtual_s += elapsed_s

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Runs ``func`` in a thread; time keeps its real pace until it is done."""
        self._jobs_running += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: self._job_done())
        return future

    def _job_done(self) -> None:
        self._jobs_running -= 1

    @property
    def must_wait_really(self) -> bool:
        """Whether something outside of the loop is at work."""
        idle_workers = ("ThreadPoolExecutor", "asyncio_")
        return self._jobs_running > 0 or any(
            not thread.name.startswith(idle_workers)
            for thread in set(threading.enumerate()) - self._threads_before
        )


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None or self._loop.must_wait_really:
            started_s = time.monotonic()
            ready = super().select(LONGEST_REAL_WAIT_S if timeout is None else timeout)
            self._loop.pass_time(time.monotonic() - started_s)
            if timeout is None and not ready:
                raise RuntimeError("The test waits for something that nobody will do.")
        else:
            self._loop.pass_time(timeout)
        return ready


class VirtualClock(BaseClock):
    """A Pipecat clock that reads the running loop; for ``PipelineWorker(clock=...)``."""

    def get_time(self) -> int:
        """Nanoseconds of virtual time."""
        return round(asyncio.get_running_loop().time() * 1e9)

    def start(self) -> None:
        """Nothing to start: the loop's time already runs."""


def in_virtual_time(test: Callable[..., Awaitable[Result]]) -> Callable[..., Result]:
    """Makes a plain test out of an ``async def`` one, run in virtual time."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> Result:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(_awaiting(test(*args, **kwargs)))

    return run


async def _awaiting(test: Awaitable[Result]) -> Result:
    return await test
