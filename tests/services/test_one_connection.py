import asyncio

from pipecat.services.cartesia.tts import CartesiaTTSService

from services.one_connection import connected_once
from tests.virtual_time import in_virtual_time


class Broken(CartesiaTTSService):
    """Its connection is gone, and another takes a while to open."""

    def __init__(self) -> None:
        super().__init__(
            api_key="key", settings=CartesiaTTSService.Settings(voice="anna", model="sonic-3")
        )
        self.opened = 0
        self.is_open = False

    async def _connect_websocket(self) -> None:
        if self.is_open:
            return
        await asyncio.sleep(0.1)
        self.opened += 1
        self.is_open = True


@in_virtual_time
async def test_whoever_finds_the_connection_broken_meanwhile_waits_for_the_one_that_is_opened():
    service = connected_once(Broken)()
    await asyncio.gather(service._connect_websocket(), service._connect_websocket())
    assert service.opened == 1


@in_virtual_time
async def test_a_connection_that_breaks_again_is_opened_again():
    service = connected_once(Broken)()
    await service._connect_websocket()
    service.is_open = False
    await service._connect_websocket()
    assert service.opened == 2


def test_it_goes_by_the_services_name():
    assert connected_once(CartesiaTTSService).__name__ == "CartesiaTTSService"
    assert connected_once(CartesiaTTSService) is connected_once(CartesiaTTSService)
