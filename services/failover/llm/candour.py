"""An answer that the provider did not finish must not pass for a whole one."""

from collections.abc import AsyncIterator
from typing import Any


class CutShort(ConnectionError):
    """The stream of an answer ended without the word that it was the end."""


def watch_the_end(service: Any) -> None:
    """Make a service that speaks OpenAI's API raise `CutShort` for an answer without an end.

    A connection that is closed in good order in the middle of an answer looks to the client like
    an answer; only the missing `finish_reason` tells. Services of other protocols stay as they are.
    """
    stream_of = getattr(service, "get_chat_completions", None)
    if stream_of is None:
        return

    async def watched(context: Any) -> "_Watched":
        return _Watched(await stream_of(context))

    service.get_chat_completions = watched


class _Watched:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[Any]:
        ended = False
        async for chunk in self._stream:
            ended = ended or any(choice.finish_reason for choice in chunk.choices or ())
            yield chunk
        if not ended:
            raise CutShort("the answer ended without a finish_reason")

    async def close(self) -> None:
        await self._stream.close()
