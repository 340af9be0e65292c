"""Places the calls of many cells: several at once, each server with one call at a time.

Every server has a process for its caller and its stand-ins: a caller who is held up by another
call's work would hear gaps that nobody made.
"""

import asyncio
import multiprocessing
import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from loguru import logger

from rehearsal.faults.call import Patience
from rehearsal.server_process import ServerFailed
from scripts.faults.cells import Cell, System
from scripts.faults.lane import Lane
from scripts.faults.place import place
from scripts.faults.verdict import Verdict, no_call

# Above this, audio comes in pieces that nobody has broken.
STARVED_PERCENT = 15.0

OnVerdict = Callable[[Verdict], None]

# Forked, so that no process has to import everything once more.
_PROCESSES: Any = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Plan:
    """How the calls are placed.

    Attributes:
        folder: For recordings, logs and data.
        lanes: Servers a system.
        seed: Decides the stand-ins' latencies.
        patience: Of the callers.
        again: How often a call is placed again that the machine had no time for.
        begin_until_s: When a server begins no further call, in seconds; its first it always does.
    """

    folder: Path
    lanes: int = 2
    seed: int = 1
    patience: Patience = field(default_factory=Patience)
    again: int = 2
    begin_until_s: float = float("inf")


def run(cells: Sequence[Cell], plan: Plan, on_verdict: OnVerdict) -> list[Verdict]:
    """The verdicts in the cells' order; a cell that no call was placed for has none."""
    verdicts: dict[Cell, Verdict] = {}
    results = _PROCESSES.Queue()
    workers = _start(cells, plan, results)
    try:
        while len(verdicts) < len(cells):
            alive = any(worker.is_alive() for worker in workers)
            try:
                cell, verdict = results.get(timeout=0.5)
            except queue.Empty:
                if not alive:
                    break
                continue
            verdicts[cell] = verdict
            on_verdict(verdict)
    finally:
        for worker in workers:
            worker.join()
    return [verdicts[cell] for cell in cells if cell in verdicts]


def _start(cells: Sequence[Cell], plan: Plan, results: Any) -> list[BaseProcess]:
    of_system: dict[System, list[Cell]] = {}
    for cell in cells:
        of_system.setdefault(cell.system, []).append(cell)
    until_s = time.monotonic() + plan.begin_until_s
    workers = []
    for system, waiting in of_system.items():
        lanes = min(plan.lanes, len(waiting))
        tasks = _PROCESSES.SimpleQueue()
        for task in [*waiting, *[None] * lanes]:
            tasks.put(task)
        for number in range(lanes):
            folder = plan.folder / f"{system}-{number}"
            arguments = (system, folder, plan, tasks, results, until_s)
            workers.append(_PROCESSES.Process(target=_work, args=arguments))
    for worker in workers:
        worker.start()
    return workers


def _work(
    system: System, folder: Path, plan: Plan, tasks: Any, results: Any, until_s: float
) -> None:
    """One server's calls, in a process of their own."""
    try:
        asyncio.run(_place_calls(system, folder, plan, tasks, results, until_s))
    except ServerFailed as failure:
        logger.error(str(failure))
    except KeyboardInterrupt:
        return


async def _place_calls(
    system: System, folder: Path, plan: Plan, tasks: Any, results: Any, until_s: float
) -> None:
    async with Lane(system, folder, seed=plan.seed) as lane:
        while (cell := tasks.get()) is not None:
            try:
                verdict = await _place(lane, cell, plan)
            except Exception as error:
                # One call that cannot be judged must not take the others' figures with it.
                logger.exception(f"{cell}: {error!r}")
                verdict = no_call(cell, repr(error))
            results.put((cell, verdict))
            if time.monotonic() > until_s:
                return


async def _place(lane: Lane, cell: Cell, plan: Plan) -> Verdict:
    """Place the call; again, whatever came of it, where the machine was too busy to tell."""
    verdict = await place(lane, cell, plan.patience)
    for _ in range(plan.again):
        if verdict.starved_percent <= STARVED_PERCENT:
            break
        verdict = await place(lane, cell, plan.patience)
    return verdict
