"""Places the call of one cell, and the one before it or beside it that its moment asks for."""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from loguru import logger

from rehearsal.faults.call import Conversation, Patience
from rehearsal.faults.script import LAST, ORDER
from rehearsal.phone import CallFailed, TwilioPhone
from rehearsal.two_track_wav import write_two_track_wav
from scripts.faults.cells import Cell
from scripts.faults.lane import Census, Lane
from scripts.faults.outage import Outage
from scripts.faults.systems import Bot
from scripts.faults.verdict import Verdict, judge, no_call, possible_answers

# What a server may take to let go of a call that is over.
_SETTLED_AT_MOST_S = 2.5
# A caller who only lets a provider fail does not wait for long.
_IN_A_HURRY = Patience(gives_up_s=4.0, in_vain=1)


async def place(lane: Lane, cell: Cell, patience: Patience) -> Verdict:
    """The verdict on the cell's call; everything is well again afterwards."""
    lane.all_is_well()
    before = await lane.census()
    began_s, waited_s = time.monotonic(), _waited_s(lane)
    outage = Outage(cell, lane.providers, lane.desk)
    try:
        match cell.moment:
            case "second":
                outage.before_call()
                await _hold(lane, replace(cell, moment="first"), outage, "fresh", _IN_A_HURRY)
                lane.desk.reset()
                held = await _hold(lane, cell, outage, "plain", patience)
            case "beside":
                held = await _hold_beside(lane, cell, outage, patience)
            case _:
                outage.before_call()
                held = await _hold(lane, cell, outage, "fresh", patience)
    except CallFailed as error:
        logger.warning(f"{cell}: {error}")
        return no_call(cell, str(error))
    finally:
        lane.providers.clear()
        lane.desk.fault = None
    phone, conversation = held
    caller, bot = phone.tracks()
    name = f"{cell.stage}-{cell.fault}-{cell.moment}.wav"
    write_two_track_wav(lane.folder / name, caller=caller, bot=bot)
    order = cell.lines[cell.faulty_line].order
    verdict = judge(
        cell,
        conversation,
        lane.listener,
        track=bot,
        spans=phone.playout.spans(),
        ended_by=phone.ended_by,
        tool_runs=lane.desk.runs[order] if order else 0,
    )
    waited = (_waited_s(lane) - waited_s) / (time.monotonic() - began_s)
    return replace(
        verdict, leaked=await _left_since(before, lane), starved_percent=round(100 * waited, 1)
    )


async def _hold(
    lane: Lane, cell: Cell, outage: Outage, bot: Bot, patience: Patience
) -> tuple[TwilioPhone, Conversation]:
    async def before_line(place: int) -> None:
        outage.before_line(place)

    async with lane.dialled(bot) as phone:
        conversation = _conversation(lane, phone, cell, patience, before_line)
        conversation.before_words = lane.understand
        conversation.while_answered = outage.while_answered
        await conversation.run(cell.lines)
    return phone, conversation


async def _hold_beside(
    lane: Lane, cell: Cell, outage: Outage, patience: Patience
) -> tuple[TwilioPhone, Conversation]:
    """The healthy call is dialled first; the failing one begins with its first line.

    With two callers at once nobody can tell whose words are next: they are really recognised.
    """
    await lane.providers.prepare()
    other: asyncio.Task[object] | None = None

    async def before_line(place: int) -> None:
        nonlocal other
        if place == 0:
            outage.before_call()
            other = asyncio.create_task(_hold_failing(lane, cell, outage))

    async with lane.dialled("plain") as phone:
        conversation = _conversation(lane, phone, cell, patience, before_line)
        await conversation.run(cell.lines)
    if other is not None:
        await other
    return phone, conversation


async def _hold_failing(lane: Lane, cell: Cell, outage: Outage) -> None:
    """The call that meets the fault while another goes on; what comes of it is not judged."""

    async def before_line(_: int) -> None:
        return

    async with lane.dialled("fresh") as phone:
        await _conversation(lane, phone, cell, _IN_A_HURRY, before_line).run((ORDER, LAST))


def _conversation(
    lane: Lane,
    phone: TwilioPhone,
    cell: Cell,
    patience: Patience,
    before_line: Callable[[int], Awaitable[None]],
) -> Conversation:
    return Conversation(
        phone,
        lane.listener,
        lane.speech,
        before_line=before_line,
        phrases=possible_answers,
        interrupts=cell.interrupts,
        patience=patience,
    )


def _waited_s(lane: Lane) -> float:
    """How long the server's event loop and this one have waited for a processor, together.

    0 where the system does not tell.
    """
    waited_ns = 0
    for pid in (lane.server.pid, os.getpid()):
        with contextlib.suppress(OSError, ValueError, IndexError):
            waited_ns += int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
    return waited_ns / 1e9


async def _left_since(before: Census, lane: Lane) -> int:
    """Tasks and sockets that were not there before, once there is no hope that they go."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + _SETTLED_AT_MOST_S
    while True:
        now = await lane.census()
        left = sum(max(0, now[what] - before[what]) for what in ("tasks", "sockets"))
        if not left or loop.time() > deadline_s:
            return left
        await asyncio.sleep(0.2)
