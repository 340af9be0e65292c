"""Switchboard's server with the bots whose providers are made to fail: see scripts.faults.systems.

.venv/bin/python -m scripts.faults.server   # settings as for `switchboard serve`
"""

from dataclasses import replace

from pipecat.pipeline.pipeline import Pipeline

from calls import Call
from calls.recording.consent import Consent
from rehearsal.faults.census import count_on_signal
from scripts.faults.bot import bot, pipeline
from scripts.faults.systems import FRESH_KEYTERM
from server.serve import serve
from services.failover.health import Health
from settings import Settings


async def with_fresh_providers(call: Call) -> Pipeline:
    """The bot's pipeline, its providers' failures forgotten."""
    for rows in call._choices.values():
        for row in rows:
            vars(row.health).update(vars(Health(row.deadline_ms)))
    return pipeline(call, keyterms=(FRESH_KEYTERM,))


def main() -> None:
    count_on_signal()
    plain = replace(bot, name="plain")
    fresh = replace(bot, name="fresh", build=with_fresh_providers)
    store = replace(fresh, name="home_store", records_audio=Consent("This call is recorded."))
    serve(Settings.load(), bots={bot.name: bot for bot in (plain, fresh, store)})


if __name__ == "__main__":
    main()
