"""The tool of the bots whose providers are made to fail: it asks the order desk, and trusts it.

As tools are first written: no deadline, no second try, no word for a caller when the desk fails.
It is a POST, which no HTTP client sends again of its own accord.
"""

import os

import aiohttp
from pipecat.services.llm_service import FunctionCallParams

from rehearsal.order_desk import ORDER_DESK_URL


async def find_order(params: FunctionCallParams, order_number: str) -> None:
    """Find out when an order arrives.

    Args:
        order_number: The number of the order, digits only.
    """
    url = f"{os.environ[ORDER_DESK_URL]}/orders/{order_number}"
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.post(url) as answer:
        found = await answer.json()
    await params.result_callback({"say": f"Your order arrives on {found['arrives']}."})
