"""A WebSocket service that never holds two connections."""

import asyncio
from functools import cache
from typing import Any, TypeVar, cast

from pipecat.services.ai_service import AIService

Service = TypeVar("Service", bound=AIService)


def connected_once(service: type[Service]) -> type[Service]:
    """A service that connects again one after the other.

    When a connection breaks, Pipecat's service opens another, and so does the next request that
    finds it broken: that of the two which is forgotten first would stay open, used by nobody.

    Parameters:
        service: The service's class; what opens its connection is `_connect_websocket`.
    """
    return cast(type[Service], _connected_once(service))


@cache
def _connected_once(service: type[Any]) -> type[Any]:
    class ConnectedOnce(service):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._connecting = asyncio.Lock()

        async def _connect_websocket(self) -> None:
            async with self._connecting:
                await super()._connect_websocket()

    # It goes by the service's name in logs, metrics and records.
    ConnectedOnce.__name__ = ConnectedOnce.__qualname__ = service.__name__
    return ConnectedOnce
