from collections.abc import AsyncIterator

import pytest

from rehearsal.standins import StandIns


@pytest.fixture
async def providers() -> AsyncIterator[StandIns]:
    """A house of stand-ins that answer at once."""
    async with StandIns(profile="none", seed=1) as house:
        yield house
