"""What a caller can do about an order: ask where it is, change its address, ask for a refund."""

import asyncio
from pathlib import Path
from typing import Protocol

from pipecat.services.llm_service import FunctionCallParams

from tools import order_answers as answers
from tools.order_book import Order, OrderBook, Stage

KEYTERMS = ("order number", "refund", "delivery", "tracking", "address", "zip code")

SHORTEST_ADDRESS = 8


class OrderCall(Protocol):
    """What these tools use of the call."""

    @property
    def data_dir(self) -> Path: ...

    def set_outcome(self, outcome: str, why: str = "") -> None:
        """How the call came out, as far as this tool knows."""


async def find_order(params: FunctionCallParams, order_number: str) -> None:
    """Look up an order: where it is and what can still be done about it.

    Args:
        order_number: The five digits of the order number, digits only, e.g. "12345".
    """
    book = _book(params)
    order = await _find(book, order_number)
    if order is None:
        await params.result_callback(answers.not_found(_digits(order_number)))
        return
    _resolved(params, "told where the order is")
    await params.result_callback(answers.found(order, book.today()))


async def change_address(
    params: FunctionCallParams, order_number: str, new_address: str, confirmed: bool
) -> None:
    """Change the address of an order: only while it is still being packed.

    Args:
        order_number: The five digits of the order number, digits only, e.g. "12345".
        new_address: The whole new address: street with number, town and zip code.
        confirmed: True only after the caller said yes to the address read back.
    """
    book = _book(params)
    address = " ".join(new_address.split())
    order = await _find(book, order_number)
    if order is None:
        await params.result_callback(answers.not_found(_digits(order_number)))
        return
    if order.stage(book.today()) is Stage.PACKING:
        if len(address) < SHORTEST_ADDRESS:
            await params.result_callback(answers.whole_address_please(order))
            return
        if confirmed is not True:
            await params.result_callback(answers.address_read_back(order, address))
            return
        if await asyncio.to_thread(book.change_address, order.number, address):
            _resolved(params, "changed the address")
            await params.result_callback(answers.address_changed(order, address))
            return
        # It left the shop between the look and the change.
        order = await _find(book, order.number) or order
    await params.result_callback(answers.address_stays(order, book.today()))


async def request_refund(
    params: FunctionCallParams, order_number: str, reason: str, confirmed: bool
) -> None:
    """Open a refund request: only for an order delivered in the last thirty days.

    Args:
        order_number: The five digits of the order number, digits only, e.g. "12345".
        reason: Why the caller wants the money back, in a few words of theirs.
        confirmed: True only after the caller said yes to the request read back.
    """
    book = _book(params)
    order = await _find(book, order_number)
    if order is None:
        await params.result_callback(answers.not_found(_digits(order_number)))
        return
    if order.can_be_refunded(book.today()):
        if confirmed is not True:
            await params.result_callback(answers.refund_read_back(order, reason))
            return
        if await asyncio.to_thread(book.open_refund, order.number, " ".join(reason.split())):
            _resolved(params, "opened a refund request")
            await params.result_callback(answers.refund_opened(order))
            return
        # Another call opened one between the look and the request.
        order = await _find(book, order.number) or order
    await params.result_callback(answers.no_refund(order, book.today()))


def _book(params: FunctionCallParams) -> OrderBook:
    call: OrderCall = params.app_resources
    return OrderBook(call.data_dir)


def _resolved(params: FunctionCallParams, why: str) -> None:
    call: OrderCall = params.app_resources
    call.set_outcome("resolved", why)


async def _find(book: OrderBook, order_number: str) -> Order | None:
    return await asyncio.to_thread(book.find, _digits(order_number))


def _digits(order_number: str) -> str:
    return "".join(character for character in str(order_number) if character.isdecimal())
