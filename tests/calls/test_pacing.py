"""A phone is sent what it plays a little ahead: more, while this server's loop is late."""

import asyncio
from typing import Any, cast

import pytest
from pipecat.transports.websocket.fastapi import FastAPIWebsocketOutputTransport

from calls.pacing import Pacing
from tests.virtual_time import VirtualTimeLoop, in_virtual_time

PIECE_S = 0.06


class Output:
    """What Pipecat's output keeps of the pace, and the phone that it sends to."""

    def __init__(self) -> None:
        self._send_interval = PIECE_S
        self._next_send_time = 0.0
        self._ends_s = 0.0
        self.ahead_s: list[float] = []
        Pacing().at(cast(FastAPIWebsocketOutputTransport, self))

    async def _write_audio_sleep(self) -> None:
        raise AssertionError("another one sets the pace")

    async def sends(self, seconds: float) -> None:
        """Notes how much the phone still has when each piece comes; less than 0 is a gap."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while loop.time() < until_s:
            self.ahead_s.append(self._ends_s - loop.time())
            self._ends_s = max(loop.time(), self._ends_s) + PIECE_S
            await self._write_audio_sleep()

    def interrupted(self) -> None:
        self._next_send_time = self._ends_s = 0.0


async def late_loop(every_s: float, late_s: float) -> None:
    """Others keep the loop busy for so long, so often."""
    loop = cast(VirtualTimeLoop, asyncio.get_running_loop())
    while True:
        await asyncio.sleep(every_s)
        loop.pass_time(late_s)


@in_virtual_time
async def test_phone_has_one_piece_left_when_the_next_one_comes() -> None:
    output = Output()
    await output.sends(2.0)
    assert output.ahead_s[2:] == pytest.approx([PIECE_S] * len(output.ahead_s[2:]))


@in_virtual_time
async def test_phone_of_a_late_server_plays_no_gap_once_that_is_known() -> None:
    output = Output()
    busy = asyncio.create_task(late_loop(0.37, 0.13))
    await output.sends(2.0)
    assert min(output.ahead_s[2:]) < 0, "at first nobody knows"
    output.ahead_s.clear()
    await output.sends(20.0)
    busy.cancel()
    assert min(output.ahead_s) > 0


@in_virtual_time
async def test_server_that_is_on_time_again_is_no_further_ahead_than_before() -> None:
    output = Output()
    busy = asyncio.create_task(late_loop(0.37, 0.13))
    await output.sends(2.0)
    busy.cancel()
    await output.sends(30.0)
    assert output.ahead_s[-20:] == pytest.approx([PIECE_S] * 20)


@in_virtual_time
async def test_phone_never_has_so_much_that_it_speaks_on_for_long() -> None:
    output = Output()
    busy = asyncio.create_task(late_loop(1.0, 0.9))
    await output.sends(20.0)
    busy.cancel()
    assert max(output.ahead_s) <= 0.25 + PIECE_S


@in_virtual_time
async def test_what_the_phone_was_told_to_drop_is_not_waited_for() -> None:
    output = Output()
    await output.sends(1.0)
    output.interrupted()
    output.ahead_s.clear()
    await output.sends(1.0)
    assert output.ahead_s[1:] == pytest.approx([PIECE_S] * len(output.ahead_s[1:]))


def test_pipecat_still_asks_for_the_pace_where_it_is_set() -> None:
    names: Any = FastAPIWebsocketOutputTransport.write_audio_frame.__code__.co_names
    assert "_write_audio_sleep" in names
