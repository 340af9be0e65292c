"""Tells how well interruptions are told from backchannels, noises and echoes.

A labelled set is generated: several voices, loud and soft, at several moments of the bot's answer.
Each system hears all of it over the telephone, on the same stand-in providers.

    .venv/bin/python -m scripts.bench_barge_in --quick          # eight sounds, under 50 s
    .venv/bin/python -m scripts.bench_barge_in --docs docs      # all; writes docs/barge-in.md
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from rehearsal.server_process import ServerFailed
from scripts.barge_in_bench.report import table, write_page
from scripts.barge_in_bench.run import Plan, run
from scripts.turns_bench.latencies import PROFILE_NAMES
from scripts.turns_bench.livekit_venv import LiveKitMissing, livekit_python
from scripts.turns_bench.systems import SYSTEMS, USUAL, System

_LIVEKIT = Path(sys.prefix) / "livekit"
_QUICK_SOUNDS, _QUICK_CALLERS = 8, 4
_QUICK_SYSTEMS: tuple[System, ...] = ("switchboard", "stock")


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    systems: tuple[System, ...] = options.systems or (_QUICK_SYSTEMS if options.quick else USUAL)
    python = Path(sys.executable)
    if any(system.startswith("livekit") for system in systems):
        try:
            python = livekit_python(options.livekit.absolute())
        except LiveKitMissing as missing:
            say(str(missing))
            systems = tuple(system for system in systems if not system.startswith("livekit"))
    folder = options.out or Path(tempfile.mkdtemp(prefix="barge-in-"))
    plan = Plan(
        folder,
        systems,
        sounds=_QUICK_SOUNDS if options.quick else options.sounds,
        callers=_QUICK_CALLERS if options.quick else options.callers,
        seed=options.seed,
        profile=options.profile,
        together=options.quick,
        livekit_python=python,
    )
    began_s = time.monotonic()
    try:
        results = asyncio.run(run(plan, say))
    except ServerFailed as failure:
        say(str(failure))
        return 1
    took_s = time.monotonic() - began_s
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(table(results))
    if options.docs and not options.quick:
        command = _command(options, systems)
        write_page(results, options.docs / "barge-in.md", command=command, took_s=took_s)
    print(f"\n{took_s:.0f} s. Recordings and logs: {folder}")
    return 1 if any(figures["calls_failed"] for figures in results.values()) else 0


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _command(options: argparse.Namespace, systems: tuple[System, ...]) -> str:
    """What lets hear these sounds again, whatever it was written to."""
    words = [".venv/bin/python -m scripts.bench_barge_in", f"--systems {','.join(systems)}"]
    words += [f"--sounds {options.sounds}", f"--callers {options.callers}"]
    return " ".join([*words, f"--profile {options.profile}", f"--seed {options.seed}"])


def _systems(text: str) -> tuple[System, ...]:
    wanted = [name.strip() for name in text.split(",")]
    if unknown := [name for name in wanted if name not in SYSTEMS]:
        raise argparse.ArgumentTypeError(
            f'There is no system "{unknown[0]}". There are: {", ".join(SYSTEMS)}.'
        )
    return tuple(system for system in SYSTEMS if system in wanted)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_barge_in", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--systems", type=_systems, help=f"of: {', '.join(SYSTEMS)}")
    parser.add_argument("--quick", action="store_true", help="eight sounds, under 50 s")
    parser.add_argument("--sounds", type=int, default=60, help="how many (%(default)s)")
    parser.add_argument("--callers", type=int, default=4, help="calls at once (%(default)s)")
    parser.add_argument("--profile", choices=PROFILE_NAMES, default="fast", help="of the providers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--livekit", type=Path, default=_LIVEKIT, help="its virtual environment")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write the page to FOLDER")
    parser.add_argument("--out", type=Path, help="folder for recordings and logs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
