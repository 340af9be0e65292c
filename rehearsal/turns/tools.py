"""The tools of the timed conversation for Pipecat's bots: each takes its time, and no deadline."""

import asyncio

from pipecat.services.llm_service import FunctionCallParams

from rehearsal.turns.script import TOOL_FACTS, TOOL_S


async def find_order(params: FunctionCallParams, order_number: str) -> None:
    """Find out when an order arrives.

    Args:
        order_number: The number of the order, digits only.
    """
    await _tell(params)


async def check_stock(params: FunctionCallParams, article: str) -> None:
    """Find out whether an article is in stock.

    Args:
        article: What the caller calls it.
    """
    await _tell(params)


async def next_delivery(params: FunctionCallParams) -> None:
    """Find the next free day for a delivery."""
    await _tell(params)


async def ask_warehouse(params: FunctionCallParams) -> None:
    """Ask the warehouse where a parcel is."""
    await _tell(params)


async def ask_factory(params: FunctionCallParams) -> None:
    """Ask the factory when a piece of furniture will be ready."""
    await _tell(params)


TOOLS = (find_order, check_stock, next_delivery, ask_warehouse, ask_factory)


async def _tell(params: FunctionCallParams) -> None:
    await asyncio.sleep(TOOL_S[params.function_name])
    await params.result_callback({"say": TOOL_FACTS[params.function_name]})
