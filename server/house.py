"""What every route of the server shares."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from pipecat.runner.types import RunnerArguments
from starlette.requests import HTTPConnection

from calls.answer import answer
from calls.bot import Bot
from server.bots import named
from server.lines import Line, Lines
from server.running_calls import RunningCalls
from services.choice import Choices
from settings import Settings


@dataclass
class House:
    """One process: its settings, its bots, its lines and the calls on them."""

    settings: Settings
    choices: Choices
    bots: Mapping[str, Bot]
    lines: Lines
    calls: RunningCalls = field(default_factory=RunningCalls)

    def bot(self, name: str | None) -> Bot:
        """The bot called `name`; without a name, the first.

        Raises:
            UnknownBot: naming the bots there are.
        """
        return named(self.bots, name or next(iter(self.bots), None))

    def put_through(self, line: Line, bot: Bot, args: RunnerArguments) -> asyncio.Task[None]:
        """Let `bot` answer a call on `line`."""
        return self.calls.start(line, answer(bot, args, self.settings, self.choices))


def house(request: Request) -> House:
    """The house of a request, for FastAPI's `Depends`."""
    return house_of(request)


def house_of(connection: HTTPConnection) -> House:
    return connection.app.state.house
