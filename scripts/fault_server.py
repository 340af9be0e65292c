"""Switchboard's server with the one bot whose providers are made to fail.

    .venv/bin/python -m scripts.fault_server   # settings as for `switchboard serve`

With FAULT_FRESH_CALLS set, every call finds all providers as if none had ever failed, so that what
one call meets says nothing of the next.
"""

import os
from dataclasses import replace

from pipecat.pipeline.pipeline import Pipeline

from calls import Call
from rehearsal.fault_census import count_on_signal
from scripts.fault_bot import bot
from scripts.fault_systems import FRESH_CALLS
from server.serve import serve
from services.failover.health import Health
from settings import Settings


async def with_fresh_providers(call: Call) -> Pipeline:
    """The bot's pipeline, its providers' failures forgotten."""
    for rows in call._choices.values():
        for row in rows:
            vars(row.health).update(vars(Health(row.deadline_ms)))
    return await bot.build(call)


def main() -> None:
    count_on_signal()
    build = with_fresh_providers if os.environ.get(FRESH_CALLS) else bot.build
    serve(Settings.load(), bots={bot.name: replace(bot, build=build)})


if __name__ == "__main__":
    main()
