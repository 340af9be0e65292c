"""Smart-turn on one thread for all calls, that spends none on waiting."""

import asyncio
import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from loguru import logger
from pipecat.audio.turn.base_turn_analyzer import EndOfTurnState
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.metrics.metrics import MetricsData, TurnMetricsData

# Of a thread that computes for 50 ms on end: a third of the loop's share where both want a core.
_NICENESS = 5

# How NumPy's own BLAS calls it, in the order of preference.
_SET_THREADS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)


class SmartTurn(LocalSmartTurnAnalyzerV3):
    """Pipecat's analyser without a thread of its own for every call."""

    _at_work: ClassVar[int] = 0

    async def lean(self) -> float | None:
        """How sure the model is, by what it has heard so far, that the caller is done.

        Unlike `analyze_end_of_turn` it changes nothing. None: it heard nothing, or is at work for
        somebody else: an answer that comes late is of no use here.
        """
        if SmartTurn._at_work:
            return None
        loop = asyncio.get_running_loop()
        with _counted():
            _, metrics = await loop.run_in_executor(
                self._model_executor, self._process_speech_segment, list(self._audio_buffer)
            )
        return metrics.probability if isinstance(metrics, TurnMetricsData) else None

    async def analyze_end_of_turn(self) -> tuple[EndOfTurnState, MetricsData | None]:
        with _counted():
            return await super().analyze_end_of_turn()

    @property
    def _model_executor(self) -> ThreadPoolExecutor:
        return _workers()


@contextmanager
def _counted() -> Iterator[None]:
    SmartTurn._at_work += 1
    try:
        yield
    finally:
        SmartTurn._at_work -= 1


@cache
def _workers() -> ThreadPoolExecutor:
    # More than there are cores would make every answer late instead of some.
    count = max(1, len(os.sched_getaffinity(0)) - 1) if hasattr(os, "sched_getaffinity") else 1
    return ThreadPoolExecutor(max_workers=count, initializer=_give_way)


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
