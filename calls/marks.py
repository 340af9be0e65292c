"""Twilio's marks: it sends one back once everything before it was played (or cleared)."""

import asyncio
import itertools


class Marks:
    """The marks of one audio stream that are on their way."""

    def __init__(self) -> None:
        self._names = itertools.count(1)
        self._awaited: dict[str, asyncio.Event] = {}

    def new(self) -> str:
        """The name of a mark that is about to be sent."""
        name = f"switchboard-{next(self._names)}"
        self._awaited[name] = asyncio.Event()
        return name

    def came_back(self, name: str) -> None:
        """The phone reached the mark. Names that nobody waits for are ignored."""
        if event := self._awaited.get(name):
            event.set()

    async def wait(self, name: str, *, at_most_s: float) -> bool:
        """Wait until the mark came back. False when it did not in time."""
        try:
            await asyncio.wait_for(self._awaited[name].wait(), at_most_s)
            return True
        except TimeoutError:
            return False
        finally:
            del self._awaited[name]
