"""How many calls are taken, and what becomes of their lines."""

import asyncio

import pytest

from server.lines import Lines, NoLine
from server.running_calls import RunningCalls
from tests.virtual_time import in_virtual_time


def test_call_beyond_the_last_line_is_told_that_all_are_busy() -> None:
    lines = Lines(1)
    first = lines.take()
    with pytest.raises(NoLine, match="busy"):
        lines.take()
    first.release()
    lines.take()


def test_line_given_back_twice_counts_once() -> None:
    lines = Lines(2)
    first, _second = lines.take(), lines.take()
    first.release()
    first.release()
    assert lines.in_use == 1


def test_closed_house_takes_no_call_and_keeps_the_running_ones() -> None:
    lines = Lines(2)
    lines.take()
    lines.close()
    with pytest.raises(NoLine, match="not taking calls"):
        lines.take()
    assert lines.in_use == 1


async def test_call_that_fails_gives_its_line_back() -> None:
    lines, calls = Lines(1), RunningCalls()

    async def failing_call() -> None:
        raise RuntimeError("no pipeline")

    task = calls.start(lines.take(), failing_call())
    await asyncio.wait({task})
    assert lines.in_use == 0


async def test_drain_waits_for_a_call_that_ends_in_time() -> None:
    lines, calls, over = Lines(1), RunningCalls(), asyncio.Event()
    task = calls.start(lines.take(), over.wait())  # pyright: ignore[reportArgumentType]
    drain = asyncio.create_task(calls.finish(at_most_s=60))
    over.set()
    await drain
    assert not task.cancelled()
    assert lines.in_use == 0


async def test_drain_cuts_off_a_call_that_does_not_end() -> None:
    lines, calls = Lines(1), RunningCalls()
    endless = asyncio.Event()
    task = calls.start(lines.take(), endless.wait())  # pyright: ignore[reportArgumentType]
    await calls.finish(at_most_s=0)
    assert task.cancelled()
    assert lines.in_use == 0


@in_virtual_time
async def test_idle_is_said_once_nobody_has_been_on_the_line_for_a_moment() -> None:
    lines, calls, idle = Lines(2), RunningCalls(), asyncio.Event()
    calls.when_idle = idle.set
    ends = [asyncio.Event(), asyncio.Event()]
    first, second = (calls.start(lines.take(), ended.wait()) for ended in ends)  # pyright: ignore[reportArgumentType]
    ends[0].set()
    await first
    await asyncio.sleep(60)
    assert not idle.is_set()
    ends[1].set()
    await second
    assert not idle.is_set()
    await idle.wait()


@in_virtual_time
async def test_line_that_is_taken_again_at_once_is_not_idle() -> None:
    lines, calls, over = Lines(1), RunningCalls(), asyncio.Event()
    idle = 0

    def count() -> None:
        nonlocal idle
        idle += 1

    calls.when_idle = count
    await calls.start(lines.take(), asyncio.sleep(1))
    task = calls.start(lines.take(), over.wait())  # pyright: ignore[reportArgumentType]
    await asyncio.sleep(60)
    assert idle == 0
    over.set()
    await task
    await asyncio.sleep(60)
    assert idle == 1
