"""What a caller hears about an order, and what then stands in the order book."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest
from tool_caller import CallOnTheBench

from tools.order_book import OrderBook, Stage
from tools.orders import change_address, find_order, request_refund

SHIPPED, DELIVERED, PACKING, CANCELLED, LONG_AGO = "47291", "58306", "31847", "60125", "29470"
ADDRESS = "9 Elm Court, Salem 97301"


@pytest.fixture
def call(tmp_path: Path) -> CallOnTheBench:
    return CallOnTheBench(tmp_path)


async def test_caller_hears_when_a_shipped_order_arrives(call):
    result = await call.uses(find_order, order_number=SHIPPED)
    arrives = date.today() + timedelta(days=2)
    assert "order four seven two nine one" in result["say"]
    assert f"should arrive on {arrives:%A}" in result["say"]
    assert (result["order_number"], result["status"]) == (SHIPPED, "shipped")
    assert not result["address_can_change"]
    assert not result["refund_possible"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (DELIVERED, "was delivered on"),
        (PACKING, "is still being packed"),
        (CANCELLED, "was cancelled on"),
    ],
)
async def test_caller_hears_how_far_the_order_is(call, number, words):
    assert words in (await call.uses(find_order, order_number=number))["say"]


@pytest.mark.parametrize("spelled", ["4 7 2 9 1", "47-291", "#47291."])
async def test_number_with_gaps_and_signs_is_found(call, spelled):
    assert (await call.uses(find_order, order_number=spelled))["order_number"] == SHIPPED


async def test_unknown_number_is_asked_for_again_and_where_it_stands_is_told(call):
    result = await call.uses(find_order, order_number="99999")
    assert "nine nine nine nine nine" in result["say"]
    assert "digit by digit" in result["say"]
    assert "confirmation e-mail" in result["say"]
    assert result["say"].endswith("?")
    assert result["needs"] == "order_number"


async def test_number_one_digit_off_gives_nothing_away(call):
    near = await call.uses(find_order, order_number="47292")
    far = await call.uses(find_order, order_number="99999")
    assert near.keys() == far.keys()
    assert near["say"].replace("four seven two nine two", "") == far["say"].replace(
        "nine nine nine nine nine", ""
    )


@pytest.mark.parametrize("heard", ["4729", "472911", "", "my order"])
async def test_number_of_the_wrong_length_is_asked_for_again(call, heard):
    result = await call.uses(find_order, order_number=heard)
    assert "five digits" in result["say"]
    assert "digit by digit" in result["say"]


@pytest.mark.parametrize("tool", [change_address, request_refund])
async def test_no_tool_does_anything_with_an_unknown_number(call, tool):
    extra = {"new_address": ADDRESS} if tool is change_address else {"reason": "late"}
    result = await call.uses(tool, order_number="99999", confirmed=True, **extra)
    assert result["needs"] == "order_number"


async def test_address_is_read_back_before_it_is_written(call):
    before = OrderBook(call.data_dir).find(PACKING)
    result = await call.uses(
        change_address, order_number=PACKING, new_address=ADDRESS, confirmed=False
    )
    assert ADDRESS in result["say"]
    assert result["say"].endswith("?")
    assert result["needs"] == "confirmed"
    assert OrderBook(call.data_dir).find(PACKING) == before


async def test_confirmed_address_is_written(call):
    result = await call.uses(
        change_address, order_number=PACKING, new_address=f"  {ADDRESS} ", confirmed=True
    )
    assert result["changed"]
    changed = OrderBook(call.data_dir).find(PACKING)
    assert changed
    assert changed.address == ADDRESS


async def test_half_an_address_is_asked_for_again(call):
    result = await call.uses(
        change_address, order_number=PACKING, new_address="Salem", confirmed=True
    )
    assert result["needs"] == "new_address"
    assert not result["changed"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (SHIPPED, "already on its way"),
        (DELIVERED, "already delivered"),
        (CANCELLED, "was cancelled"),
    ],
)
async def test_address_of_an_order_that_left_stays(call, number, why):
    before = OrderBook(call.data_dir).find(number)
    result = await call.uses(
        change_address, order_number=number, new_address=ADDRESS, confirmed=True
    )
    assert why in result["say"]
    assert not result["changed"]
    assert OrderBook(call.data_dir).find(number) == before


async def test_refund_is_read_back_before_it_is_opened(call):
    result = await call.uses(
        request_refund, order_number=DELIVERED, reason="it is broken", confirmed=False
    )
    assert "forty five dollars" in result["say"]
    assert result["needs"] == "confirmed"
    order = OrderBook(call.data_dir).find(DELIVERED)
    assert order
    assert order.refund_requested_on is None


async def test_confirmed_refund_is_opened_and_outlives_the_process(call):
    result = await call.uses(
        request_refund, order_number=DELIVERED, reason="it is broken", confirmed=True
    )
    assert result["refund_open"]
    order = OrderBook(call.data_dir).find(DELIVERED)
    assert order
    assert order.refund_requested_on is not None
    assert (
        "refund request for it is open"
        in (await call.uses(find_order, order_number=DELIVERED))["say"]
    )


async def test_second_refund_for_one_order_is_said_to_be_open_already(call):
    asked = {"order_number": DELIVERED, "reason": "it is broken", "confirmed": True}
    await call.uses(request_refund, **asked)
    result = await call.uses(request_refund, **asked)
    assert "already open" in result["say"]
    assert result["refund_open"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (SHIPPED, "still on its way"),
        (PACKING, "has not been sent yet"),
        (CANCELLED, "was cancelled"),
        (LONG_AGO, "refunds end after thirty days"),
    ],
)
async def test_refund_that_makes_no_sense_is_refused_with_the_reason(call, number, why):
    result = await call.uses(request_refund, order_number=number, reason="late", confirmed=True)
    assert why in result["say"]
    assert not result["refund_open"]
    order = OrderBook(call.data_dir).find(number)
    assert order
    assert order.refund_requested_on is None


async def test_callers_who_ask_at_once_for_one_refund_open_it_once(call):
    results = await asyncio.gather(
        *(
            call.uses(request_refund, order_number=DELIVERED, reason="broken", confirmed=True)
            for _ in range(6)
        )
    )
    assert sum("get an e-mail" in result["say"] for result in results) == 1
    assert sum("already open" in result["say"] for result in results) == 5


def test_order_moves_on_as_days_pass(tmp_path):
    day = date(2026, 11, 20)
    OrderBook(tmp_path, today=lambda: day).find(PACKING)
    order = OrderBook(tmp_path).find(PACKING)
    assert order
    stages = [order.stage(day + timedelta(days=days)) for days in (0, 2, 3, 5, 6)]
    assert stages == [
        Stage.PACKING,
        Stage.PACKING,
        Stage.SHIPPED,
        Stage.SHIPPED,
        Stage.DELIVERED,
    ]


def test_refund_window_closes_after_its_last_day(tmp_path):
    order = OrderBook(tmp_path).find(DELIVERED)
    assert order
    assert order.can_be_refunded(order.refund_until)
    assert not order.can_be_refunded(order.refund_until + timedelta(days=1))
