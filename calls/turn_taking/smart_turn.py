"""Smart-turn on one thread for all calls, that spends none on waiting."""

import asyncio
import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from loguru import logger
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.metrics.metrics import TurnMetricsData

# Of a thread that computes for 50 ms on end: next to nothing where the loop wants the core as well.
_NICENESS = 19

# How NumPy's own BLAS calls it, in the order of preference.
_SET_THREADS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)


class SmartTurn(LocalSmartTurnAnalyzerV3):
    """Pipecat's analyser without a thread of its own for every call."""

    async def lean(self) -> float | None:
        """How sure the model is, by what it has heard so far, that the caller is done.

        Unlike `analyze_end_of_turn` it changes nothing. None: it heard nothing, or is at work for
        somebody else: an answer that comes late is of no use here.
        """
        workers = _workers()
        if workers.ahead:
            return None
        loop = asyncio.get_running_loop()
        _, metrics = await loop.run_in_executor(
            workers, self._process_speech_segment, list(self._audio_buffer)
        )
        return metrics.probability if isinstance(metrics, TurnMetricsData) else None

    def busy_for_s(self) -> float:
        """How long `analyze_end_of_turn` would take; 0.0 where the model is at work for nobody.

        Whoever no longer waits for that cancels it: what the model has not begun, it leaves out.
        """
        workers = _workers()
        return (workers.ahead + 1) * workers.takes_s if workers.ahead else 0.0

    @property
    def _model_executor(self) -> ThreadPoolExecutor:
        return _workers()


class _Workers(ThreadPoolExecutor):
    """Threads that leave the processor to the audio of all calls, and what they have to do.

    More of them than there are cores would make every answer late instead of some.

    Attributes:
        takes_s: How long the last piece of work took.
    """

    def __init__(self) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        self._count = max(1, cores - 1)
        self._asked: set[Future[Any]] = set()
        self.takes_s = 0.0
        super().__init__(max_workers=self._count, initializer=_give_way)

    @property
    def ahead(self) -> int:
        """How many pieces of work one that comes now has to wait for."""
        return max(0, len(self._asked) - self._count + 1)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        asked = super().submit(self._timed, fn, *args, **kwargs)
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        return asked

    def _timed(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        began_s = time.monotonic()
        try:
            return fn(*args, **kwargs)
        finally:
            self.takes_s = time.monotonic() - began_s


@cache
def _workers() -> _Workers:
    return _Workers()


def _give_way() -> None:
    """Leave the processor to the audio of all calls: an answer may come a little later."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


@cache
def one_thread_for_matrices() -> bool:
    """Keep NumPy's matrix product from starting threads, of which each then spins for a while.

    One product a turn is all that is computed here. It takes 1 ms, and its threads, waiting for
    another one, as much time of the processor as the model of turns itself.

    Returns:
        Whether NumPy's BLAS is one that can be told so.
    """
    for library in _blas_libraries():
        for name in _SET_THREADS:
            set_threads = getattr(library, name, None)
            if set_threads:
                set_threads(1)
                return True
    logger.debug("NumPy's BLAS keeps its threads: set OPENBLAS_NUM_THREADS=1 for fewer.")
    return False


def _blas_libraries() -> Iterator[ctypes.CDLL]:
    beside = Path(np.__file__).parent
    for folder in (beside.with_name("numpy.libs"), beside / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            try:
                yield ctypes.CDLL(str(path))
            except OSError as error:
                logger.debug(f"{path.name} cannot be told to use one thread: {error}")
