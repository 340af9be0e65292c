"""How fast turns are, and how well they are taken: Switchboard, stock Pipecat, LiveKit Agents.

    .venv/bin/python -m scripts.bench_turns --docs docs            # one call, and eight at once
    .venv/bin/python -m scripts.bench_turns --quick
    .venv/bin/python -m scripts.bench_turns --n 1,8,16 --systems switchboard,stock --json out.json

The same callers phone each system over Twilio's wire protocol and hold the same conversation; its
providers are stand-ins on 127.0.0.1 that make no mistakes. What is measured is what the telephone
played: see rehearsal.turns.figures. LiveKit Agents is installed on first use, into a virtual
environment of its own.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from loguru import logger

from rehearsal.server_process import ServerFailed
from scripts.turns_bench import report
from scripts.turns_bench.latencies import PROFILE_NAMES
from scripts.turns_bench.livekit_venv import LiveKitMissing, livekit_python
from scripts.turns_bench.page import write_page
from scripts.turns_bench.run import Plan, run
from scripts.turns_bench.systems import SYSTEMS, USUAL, System

_LIVEKIT = Path(".venv/livekit")
_MOST_CALLS = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 when every call could be held."""
    options = _parser().parse_args(arguments)
    logger.remove()
    logger.add(sys.stderr, level="WARNING", format="{message}")
    # Whoever speculates, or is interrupted, leaves answers half fetched: nothing to tell of.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    systems: tuple[System, ...] = options.systems
    python = Path(sys.executable)
    if any(system.startswith("livekit") for system in systems):
        try:
            python = livekit_python(options.livekit.absolute())
        except LiveKitMissing as missing:
            say(str(missing))
            systems = tuple(system for system in systems if not system.startswith("livekit"))
    folder = options.out or Path(tempfile.mkdtemp(prefix="turns-"))
    plan = Plan(
        folder,
        systems,
        (1,) if options.quick else options.n,
        profile=options.profile,
        seed=options.seed,
        rounds=options.rounds,
        quick=options.quick,
        pinned=options.pin,
        livekit_python=python,
    )
    began_s = time.monotonic()
    try:
        results = asyncio.run(run(plan, say))
    except ServerFailed as failure:
        say(str(failure))
        return 1
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(report.table(results))
    took_s = time.monotonic() - began_s
    if options.docs:
        write_page(results, options.docs, command=_command(options), took_s=took_s)
    print(f"\n{took_s:.0f} s. Recordings and logs: {folder}")
    failed = sum(
        int(f.get("calls_failed") or 0) for by_n in results.values() for f in by_n.values()
    )
    return 1 if failed else 0


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _command(options: argparse.Namespace) -> str:
    """What places these calls again, whatever it was written to."""
    words = [".venv/bin/python -m scripts.bench_turns", f"--n {','.join(map(str, options.n))}"]
    words += [f"--systems {','.join(options.systems)}", f"--profile {options.profile}"]
    words += ["--quick"] if options.quick else [f"--rounds {options.rounds}"]
    words += [] if options.pin else ["--no-pin"]
    return " ".join([*words, f"--seed {options.seed}"])


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(number) for number in text.split(","))
    if not all(0 < number <= _MOST_CALLS for number in numbers):
        raise argparse.ArgumentTypeError(f"1 to {_MOST_CALLS} calls at once, not {text}")
    return numbers


def _systems(text: str) -> tuple[System, ...]:
    wanted = [name.strip() for name in text.split(",")]
    if unknown := [name for name in wanted if name not in SYSTEMS]:
        raise argparse.ArgumentTypeError(
            f'There is no system "{unknown[0]}". There are: {", ".join(SYSTEMS)}.'
        )
    return tuple(system for system in SYSTEMS if system in wanted)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_turns", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--n", type=_numbers, default=(1, 8), help="calls at once, as in 1,8,16")
    parser.add_argument("--systems", type=_systems, default=USUAL, help=f"of: {', '.join(SYSTEMS)}")
    parser.add_argument("--quick", action="store_true", help="one short call a system, under 50 s")
    parser.add_argument("--profile", choices=PROFILE_NAMES, default="fast", help="of the providers")
    parser.add_argument("--rounds", type=int, default=2, help="single calls a system (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--pin",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep each server to one core and everything else off it",
    )
    parser.add_argument("--livekit", type=Path, default=_LIVEKIT, help="its virtual environment")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write the page to FOLDER")
    parser.add_argument("--out", type=Path, help="folder for recordings and logs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
