"""asyncio.wait_for, as Pipecat's processors find it in a call."""

import asyncio
import sys

import pytest

from tests.virtual_time import in_virtual_time


@in_virtual_time
async def test_what_comes_in_time_is_given_without_a_task_for_it() -> None:
    queue: asyncio.Queue[str] = asyncio.Queue()
    asyncio.get_running_loop().call_later(0.5, queue.put_nowait, "word")
    waiter = asyncio.current_task()

    async def taken_by() -> tuple[str, asyncio.Task[None] | None]:
        return await queue.get(), asyncio.current_task()

    assert await asyncio.wait_for(taken_by(), 1.0) == ("word", waiter)


@in_virtual_time
async def test_what_is_late_is_given_up_on_time_and_not_lost() -> None:
    queue: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.get(), 0.5)
    assert loop.time() - began_s == pytest.approx(0.5)
    queue.put_nowait("word")
    assert await asyncio.wait_for(queue.get(), 0.5) == "word"


@in_virtual_time
async def test_without_any_time_only_what_is_there_counts() -> None:
    loop = asyncio.get_running_loop()
    there: asyncio.Future[str] = loop.create_future()
    there.set_result("word")
    assert await asyncio.wait_for(there, 0) == "word"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(loop.create_future(), 0)


@in_virtual_time
async def test_without_a_limit_it_waits() -> None:
    there: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(3600, there.set_result, "word")
    assert await asyncio.wait_for(there, None) == "word"


@in_virtual_time
async def test_who_waits_can_be_cancelled_and_what_is_waited_for_is_cancelled_with_it() -> None:
    ended: list[str] = []

    async def long() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("cancelled")

    waiting = asyncio.create_task(asyncio.wait_for(long(), 60))
    await asyncio.sleep(1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == ["cancelled"]


@in_virtual_time
async def test_who_is_cancelled_before_waiting_leaves_nothing_behind() -> None:
    there: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    queue: asyncio.Queue[str] = asyncio.Queue()
    waiting = [asyncio.ensure_future(asyncio.wait_for(each, 60)) for each in (there, queue.get())]
    await asyncio.sleep(0)
    for each in waiting:
        each.cancel()
    assert [type(end) for end in await asyncio.gather(*waiting, return_exceptions=True)] == [
        asyncio.CancelledError
    ] * 2
    assert there.cancelled()


@in_virtual_time
async def test_others_come_first_though_there_is_nothing_to_wait_for() -> None:
    order: list[str] = []

    async def at_once() -> None:
        order.append("waited for")

    asyncio.get_running_loop().call_soon(order.append, "other")
    await asyncio.wait_for(at_once(), 1)
    assert order == ["other", "waited for"]


@in_virtual_time
async def test_what_fails_fails() -> None:
    async def broken() -> None:
        raise OSError("no line")

    with pytest.raises(OSError, match="no line"):
        await asyncio.wait_for(broken(), 1)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there Pipecat's backport is replaced")
def test_from_python_3_12_on_nothing_is_replaced() -> None:
    assert asyncio.wait_for.__module__ == "asyncio.tasks"
