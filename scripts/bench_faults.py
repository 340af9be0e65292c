"""What callers hear when a provider fails: Switchboard, and stock Pipecat, under the same faults.

    .venv/bin/python -m scripts.bench_faults                       # all; writes docs/faults.md
    .venv/bin/python -m scripts.bench_faults --quick               # a sample
    .venv/bin/python -m scripts.bench_faults --only llm/stall --systems backup,stock

Every cell of the table is a call over Twilio's wire protocol to a real server process, whose
providers are stand-ins on 127.0.0.1. What is measured is what the telephone played: see
rehearsal.faults.call for what dead air is, scripts.faults.outage for when a fault begins, and
rehearsal.faults.heard for how an answer is recognised.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from loguru import logger

from rehearsal.faults.call import Patience
from scripts.faults import leaks, report
from scripts.faults.cells import SYSTEMS, Cell, all_cells, only, sample
from scripts.faults.page import write_page
from scripts.faults.run import Plan, run
from scripts.faults.verdict import Verdict, cell_of

_QUICK = Patience(gives_up_s=6.0, in_vain=1)
_QUICK_CELLS = 2
_BEGIN_UNTIL_S = 24.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 when every call could be placed."""
    options = _parser().parse_args(arguments)
    logger.remove()
    logger.add(sys.stderr, level="WARNING", format="{message}")
    if options.leaks:
        return _leaks(options)
    try:
        cells = _chosen(options)
        known = _known(options.resume)
    except (OSError, ValueError, TypeError) as error:
        print(error, file=sys.stderr)
        return 2
    began_s = time.monotonic()
    folder = options.out or Path(tempfile.mkdtemp(prefix="faults-"))
    plan = Plan(folder, lanes=options.lanes, seed=options.seed)
    if options.quick:
        plan = replace(plan, lanes=1, patience=_QUICK, again=0, begin_until_s=_BEGIN_UNTIL_S)
    left = [cell for cell in cells if cell not in known]
    known |= {cell_of(verdict): verdict for verdict in run(left, plan, _Progress(len(left)).say)}
    verdicts = [known[cell] for cell in cells if cell in known]
    took_s = time.monotonic() - began_s
    if options.json:
        rows = [verdict.as_dict() for verdict in verdicts]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(report.summary(verdicts))
    print()
    print(report.table(verdicts))
    if failures := report.failures(verdicts):
        print(f"\nWhat still fails:\n\n{failures}")
    print(f"\n{len(verdicts)} calls in {took_s:.0f} s. Recordings and logs: {folder}")
    if docs := _docs(options):
        write_page(verdicts, docs, command=_command(options), took_s=took_s)
    return 0 if len(verdicts) == len(cells) or options.quick else 1


def _known(rows: Path | None) -> dict[Cell, Verdict]:
    """What an earlier run has found already."""
    if rows is None:
        return {}
    verdicts = [Verdict(**row) for row in json.loads(rows.read_text(encoding="utf-8"))]
    return {cell_of(verdict): verdict for verdict in verdicts}


def _docs(options: argparse.Namespace) -> Path | None:
    """Where the page goes: only a run of everything replaces it unasked."""
    part = options.only or options.quick or options.systems != ",".join(SYSTEMS)
    return options.docs or (None if part else Path("docs"))


def _leaks(options: argparse.Namespace) -> int:
    folder = options.out or Path(tempfile.mkdtemp(prefix="faults-"))
    found = asyncio.run(leaks.measure("backup", folder, calls=options.leaks, seed=options.seed))
    if options.json:
        rows = [asdict(holding) for holding in found]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(leaks.as_markdown(found))
    return 0


def _chosen(options: argparse.Namespace) -> list[Cell]:
    systems = [name.strip() for name in options.systems.split(",")]
    if unknown := [name for name in systems if name not in SYSTEMS]:
        raise ValueError(f'There is no system "{unknown[0]}". There are: {", ".join(SYSTEMS)}.')
    cells = [cell for cell in all_cells() if cell.system in systems]
    if options.only:
        cells = [cell for wanted in options.only for cell in only(cells, wanted)]
    if options.quick:
        cells = sample(cells, seed=options.seed, per_system=_QUICK_CELLS)
    return list(dict.fromkeys(cells))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_faults", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="STAGE[/FAULT[/MOMENT]]",
        help="these cells only (repeatable), as in llm/stall or tts/close/mid",
    )
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="of: %(default)s")
    parser.add_argument("--quick", action="store_true", help="a seeded sample, under 50 s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=2, help="servers a system (%(default)s)")
    parser.add_argument(
        "--leaks", type=int, metavar="CALLS", help="only: what so many faulty calls leave behind"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE")
    parser.add_argument(
        "--resume", type=Path, metavar="FILE", help="keep the rows of a run that was broken off"
    )
    parser.add_argument("--out", type=Path, help="folder for recordings and logs")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write the page to FOLDER")
    return parser


def _command(options: argparse.Namespace) -> str:
    """What places these calls again, whatever it was written to."""
    words = [".venv/bin/python -m scripts.bench_faults"]
    words += [f"--only {wanted}" for wanted in options.only or ()]
    if options.systems != ",".join(SYSTEMS):
        words.append(f"--systems {options.systems}")
    words += ["--quick"] if options.quick else [f"--lanes {options.lanes}"]
    return " ".join([*words, f"--seed {options.seed}"])


class _Progress:
    """A line a call, as they end."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0

    def say(self, verdict: Verdict) -> None:
        self._done += 1
        wrong = ", ".join(report.wrong_with(verdict))
        print(
            f"{self._done}/{self._total} {verdict.system} {verdict.stage}/{verdict.fault}/"
            f"{verdict.moment}: {verdict.dead_air_ms / 1000:.1f} s, {wrong or 'right'} "
            f"(starved {verdict.starved_percent:.0f}%)",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
