"""The stand-ins as a process of their own, so that a bench shares no processor time with them.

    python -m rehearsal.standins --latency slow --seed 3 --also backup=deepgram

One line of JSON says where they are: `{"control": …, "urls": {…}, "env": {…}}`. Then they stand in
until SIGTERM or Ctrl-C.
"""

import argparse
import asyncio
import json
import signal
from collections.abc import Sequence

from rehearsal.standins.latency import PROFILES
from rehearsal.standins.seats import PROVIDERS
from rehearsal.standins.standins import StandIns


def copy_of(text: str) -> tuple[str, str]:
    """ "backup=deepgram" as names. Raises argparse.ArgumentTypeError with a sentence."""
    name, _, original = text.partition("=")
    if not name or original not in PROVIDERS:
        there_are = ", ".join(PROVIDERS)
        raise argparse.ArgumentTypeError(
            f'"{text}" should be a new name and one of {there_are}, as in backup=deepgram.'
        )
    return name, original


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="standins", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--latency", choices=tuple(PROFILES), default="fast")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--also", type=copy_of, action="append", default=[], metavar="NAME=OF")
    return parser.parse_args(given)


async def stand_in(args: argparse.Namespace) -> None:
    """Until told to end."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    ports = {"control": args.control_port}
    also = dict(args.also)
    async with StandIns(profile=args.latency, seed=args.seed, also=also, ports=ports) as providers:
        await providers.prepare()
        env = providers.env()
        where = {"control": providers.control_url, "urls": dict(providers.urls), "env": env}
        print(json.dumps(where), flush=True)
        await told.wait()


if __name__ == "__main__":
    asyncio.run(stand_in(arguments()))
