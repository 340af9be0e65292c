"""Places the calls of many cells: several at once, each server with one call at a time."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from loguru import logger

from rehearsal.fault_call import Patience
from rehearsal.server_process import ServerFailed
from scripts.fault_cells import Cell, System
from scripts.fault_lane import Lane
from scripts.fault_verdict import Verdict, no_call

OnVerdict = Callable[[Verdict], None]


async def run(
    cells: Sequence[Cell],
    folder: Path,
    *,
    lanes: int,
    seed: int,
    patience: Patience,
    on_verdict: OnVerdict,
    begin_until_s: float = float("inf"),
) -> list[Verdict]:
    """One verdict a cell, in the cells' order.

    `lanes`: servers a system. `begin_until_s`: seconds after which a server begins no second call;
    the cells that are left have no verdict.
    """
    waiting: dict[System, deque[Cell]] = {}
    for cell in cells:
        waiting.setdefault(cell.system, deque()).append(cell)
    verdicts: dict[Cell, Verdict] = {}
    until_s = time.monotonic() + begin_until_s

    async def work(system: System, number: int) -> None:
        queue = waiting[system]
        while queue:
            lane = Lane(system, folder / f"{system}-{number}", seed=seed, patience=patience)
            try:
                async with lane:
                    while queue:
                        await call(lane, queue.popleft())
                        if time.monotonic() > until_s:
                            return
            except ServerFailed as failure:
                logger.error(str(failure))
                return

    async def call(lane: Lane, cell: Cell) -> None:
        try:
            verdict = await lane.call(cell)
        except Exception as error:
            # One call that cannot be judged must not take the others' figures with it.
            logger.exception(f"{cell}: {error!r}")
            verdict = no_call(cell, repr(error))
        verdicts[cell] = verdict
        on_verdict(verdict)

    async with asyncio.TaskGroup() as group:
        for system, queue in waiting.items():
            for number in range(min(lanes, len(queue))):
                group.create_task(work(system, number))
    return [verdicts[cell] for cell in cells if cell in verdicts]
