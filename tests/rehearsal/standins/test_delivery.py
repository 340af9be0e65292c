"""How an answer goes out: in time, and with what its faults do to it."""

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.standins.delivery import Delivery, Piece
from rehearsal.standins.faults import Fault, Hit
from tests.virtual_time import in_virtual_time


class Line:
    """A wire that notes what it is given, and when."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = asyncio.get_running_loop().time
        self.sent: list[tuple[float, str | bytes]] = []
        self.aborted = False
        self.held = False

    async def send(self, data: str | bytes) -> None:
        self.sent.append((self.now(), data))

    async def keep_alive(self) -> None:
        await self.send("keep-alive")

    def abort(self) -> None:
        self.aborted = True

    async def hold(self) -> None:
        self.held = True

    @property
    def words(self) -> list[str | bytes]:
        return [data for _, data in self.sent]


def hit(**faults: dict[str, float]) -> Hit:
    return Hit(tuple(Fault.model_validate({"kind": kind, **more}) for kind, more in faults.items()))


def words(text: str, *, begin_s: float = 0.0, step_s: float = 0.0) -> list[Piece]:
    pieces = [
        Piece(word, weight=1, due_s=begin_s + place * step_s)
        for place, word in enumerate(text.split())
    ]
    return [*pieces, Piece("end", end=True)]


async def deliver(pieces: list[Piece], faults: Hit) -> Line:
    line = Line()
    delivery = Delivery(line, faults)
    for piece in pieces:
        await delivery.send(piece)
    return line


@in_virtual_time
async def test_every_piece_goes_out_when_it_is_due_and_not_before() -> None:
    begin_s = asyncio.get_running_loop().time() + 0.25
    line = await deliver(words("a b c", begin_s=begin_s, step_s=0.0125), Hit())
    assert [round(at - begin_s, 4) for at, _ in line.sent] == [0, 0.0125, 0.025, 0.025]


@in_virtual_time
async def test_late_answer_loses_its_time_once() -> None:
    begin_s = asyncio.get_running_loop().time()
    line = await deliver(words("a b", begin_s=begin_s, step_s=0.1), hit(late={"seconds": 3}))
    assert [round(at - begin_s, 4) for at, _ in line.sent] == [3, 3, 3]


@in_virtual_time
async def test_answer_that_stalls_is_held_and_one_that_breaks_off_aborted() -> None:
    stalled = await deliver(words("a b c"), hit(stall={"after": 1}))
    broken = await deliver(words("a b c"), hit(close={"after": 2}))
    assert (stalled.words, stalled.held, stalled.aborted) == (["a"], True, False)
    assert (broken.words, broken.held, broken.aborted) == (["a", "b"], False, True)


@in_virtual_time
async def test_short_answer_does_not_escape_its_stall() -> None:
    assert (await deliver(words("a"), hit(stall={"after": 5}))).words == ["a"]


@given(st.integers(0, 8), st.integers(0, 8))
def test_no_more_than_was_ordered_goes_out_before_the_stall(count: int, after: int) -> None:
    async def run() -> None:
        line = await deliver(words("w " * count), hit(stall={"after": after}))
        assert len(line.words) == min(count, after)

    asyncio.run(run())
