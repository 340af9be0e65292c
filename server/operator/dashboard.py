"""The numbers of many calls for the dashboard."""

from typing import Any

from fastapi import APIRouter

from server.operator.access_log import Looks
from server.operator.as_json import as_json
from server.operator.asked_for import Chosen
from server.operator.calls import TheHouse
from server.operator.records import TheRecords

routes = APIRouter(prefix="/api")

# Of the waits for an answer so many should stay under the silence bound; the rest is the budget.
SILENCE_OBJECTIVE = 0.99


@routes.get("/figures")
async def figures(
    looking: Looks, records: TheRecords, chosen: Chosen, house: TheHouse
) -> dict[str, Any]:
    """`Figures` as JSON, with the bound on silence that they are measured against."""
    await looking.at("figures")
    return {
        **as_json(await records.figures(chosen)),
        "silence_bound_ms": house.settings.silence_bound_ms,
        "silence_objective": SILENCE_OBJECTIVE,
    }
