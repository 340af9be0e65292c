"""What it costs a call that everything remains of it: CPU, and voice to voice.

    .venv/bin/python -m scripts.bench_remains                       # four calls with each
    .venv/bin/python -m scripts.bench_remains --docs docs/records-cost.md
    .venv/bin/python -m scripts.bench_remains --n 8 --rounds 6 --json out.json

Two servers with the same bot on the same kind of stand-in providers hold the same conversations at
the same time, so that both have the same of the machine: one keeps nothing, the other the record,
redacted, and the recording, with traces, a webhook and metrics that are read.
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
from rehearsal.turns import script
from scripts.remains_bench import report
from scripts.remains_bench.run import Plan, run
from scripts.turns_bench.latencies import PROFILE_NAMES


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 when every call could be held."""
    options = _parser().parse_args(arguments)
    logger.remove()
    logger.add(sys.stderr, level="WARNING", format="{message}")
    # Whoever speculates leaves answers half fetched: nothing to tell of.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    folder = options.out or Path(tempfile.mkdtemp(prefix="remains-"))
    plan = Plan(
        folder,
        n=options.n,
        rounds=options.rounds,
        lines=options.lines,
        profile=options.profile,
        seed=options.seed,
        pinned=options.pin,
    )
    began_s = time.monotonic()
    try:
        results = report.figures(asyncio.run(run(plan, say)))
    except ServerFailed as failure:
        say(str(failure))
        return 1
    took_s = time.monotonic() - began_s
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(report.table(results))
    if options.docs:
        report.write_page(results, options.docs, command=_command(options), took_s=took_s)
    print(f"\n{took_s:.0f} s. Recordings and logs: {folder}")
    return 1 if any(side["problems"] for side in results["sides"].values()) else 0


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _command(options: argparse.Namespace) -> str:
    """What places these calls again, whatever it was written to."""
    words = [
        ".venv/bin/python -m scripts.bench_remains",
        f"--n {options.n} --rounds {options.rounds} --lines {options.lines}",
        f"--profile {options.profile} --seed {options.seed}",
    ]
    return " ".join([*words, *([] if options.pin else ["--no-pin"])])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_remains", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--n", type=int, choices=range(1, 61), default=4, metavar="CALLS")
    parser.add_argument("--rounds", type=int, choices=range(1, 101), default=8, metavar="ROUNDS")
    parser.add_argument(
        "--lines",
        type=int,
        choices=range(1, len(script.FULL) + 1),
        default=6,
        metavar="LINES",
        help="of the timed conversation (%(default)s)",
    )
    parser.add_argument("--profile", choices=PROFILE_NAMES, default="fast", help="of the providers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--pin",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the servers to one core and everything else off it",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="write the page to FILE")
    parser.add_argument("--out", type=Path, help="folder for recordings and logs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
