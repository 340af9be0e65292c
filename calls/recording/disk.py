"""The thread that writes recordings: what all calls want of it in one moment, it gets at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

# A disk that takes longer is taken for broken, before what waits grows large.
_AT_MOST_S = 20.0

Result = TypeVar("Result")

# One hangs at most as long as its disk; named so that tests know who waits.
_WRITERS = ThreadPoolExecutor(2, thread_name_prefix="ThreadPoolExecutor-recording")


async def on_disk(work: Callable[[], Result]) -> Result:
    """Have something done on the thread, together with what others ask for in the same moment.

    Returns:
        What it returned.

    Raises:
        TimeoutError: It took too long, and may still be done.
        Exception: What it raised.
    """
    loop = asyncio.get_running_loop()
    together = _TOGETHER.get(loop)
    if together is None:
        together = _TOGETHER[loop] = _Together()
        loop.call_soon(together.begin, loop)
    number = together.add(work)
    async with asyncio.timeout(_AT_MOST_S):
        await together.done.wait()
    return together.outcome(number)


class _Together:
    """Pieces of work that wake the thread once."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self._works: list[Callable[[], Any]] = []
        self._outcomes: list[tuple[Any, Exception | None]] = []

    def add(self, work: Callable[[], Any]) -> int:
        """Returns its number."""
        self._works.append(work)
        return len(self._works) - 1

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing more is added."""
        del _TOGETHER[loop]
        job = loop.run_in_executor(_WRITERS, self._do_all)
        job.add_done_callback(lambda _: self.done.set())

    def outcome(self, number: int) -> Any:
        """What came of it, once all is done."""
        result, error = self._outcomes[number]
        if error:
            raise error
        return result

    def _do_all(self) -> None:
        for work in self._works:
            try:
                self._outcomes.append((work(), None))
            except Exception as error:
                self._outcomes.append((None, error))


_TOGETHER: WeakKeyDictionary[asyncio.AbstractEventLoop, _Together] = WeakKeyDictionary()
