"""How long it takes from an empty clone, or from `switchboard serve`, to a server that takes calls.

    .venv/bin/python -m scripts.bench_start                 # both
    .venv/bin/python -m scripts.bench_start --only start --runs 9
    .venv/bin/python -m scripts.bench_start --only install --cold

Installing is `make setup` in a fresh clone of the committed state, in a folder that is removed
afterwards. A server is ready with the first 200 of /readyz, which is asked for every 50 ms.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rehearsal.server_process import ServerFailed, ServerProcess

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
MOST_SHOWN = 12

_INSTALL_AT_MOST_S = 1800
_MB = 1e6
# What -X importtime writes: own time, time with what it imports, indented name.
_IMPORT = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)$")

# As on a machine where nobody turned it off: Python keeps what it has compiled.
_COMPILED_IS_KEPT = {"PYTHONDONTWRITEBYTECODE": ""}

CacheState = Literal["warm", "empty", "cold on purpose"]


class InstallFailed(RuntimeError):
    """The clone could not be made or set up; the message holds the last lines of what was said."""


@dataclass(frozen=True)
class Install:
    """One set-up. Sizes are those on disk, in 10^6 bytes, a file with several links once.

    `first_ready_s`: the clone's own first start, when Python has compiled nothing yet.
    """

    commit: str
    cache: CacheState
    setup_s: float
    venv_mb: float
    files: int
    largest_mb: Mapping[str, float]
    first_ready_s: float


@dataclass(frozen=True)
class Starts:
    """Seconds to ready: with an empty data folder, and again with the same folder.

    Python has compiled all modules before either.
    """

    first_s: tuple[float, ...]
    later_s: tuple[float, ...]


@dataclass(frozen=True)
class Imports:
    """Of one start, measured by Python: all own times by the package they belong to, in ms."""

    ready_s: float
    modules: int
    total_ms: float
    by_package_ms: Mapping[str, float]


def measure_install(folder: Path, *, cold: bool) -> Install:
    """Clone, set up, start once.

    Raises:
        InstallFailed, ServerFailed: with the last words of what failed.
    """
    clone = folder / "clone"
    not_for_the_clone = ("VIRTUAL_ENV", *_COMPILED_IS_KEPT)
    environment = {k: v for k, v in os.environ.items() if k not in not_for_the_clone}
    if cold:
        environment |= {"UV_CACHE_DIR": str(folder / "uv-cache"), "PIP_NO_CACHE_DIR": "1"}
    cache: CacheState = "cold on purpose" if cold else uv_cache_state(environment)
    _run(["git", "clone", "--quiet", str(ROOT), str(clone)], folder, environment)
    commit = _run(["git", "rev-parse", "--short", "HEAD"], clone, environment).strip()
    began_s = time.monotonic()
    _run(["make", "setup"], clone, environment)
    setup_s = time.monotonic() - began_s
    venv = clone / ".venv"
    total_bytes, files = size_on_disk(venv)
    switchboard = (str(venv / "bin/switchboard"), "serve")
    return Install(
        commit=commit,
        cache=cache,
        setup_s=setup_s,
        venv_mb=total_bytes / _MB,
        files=files,
        largest_mb=_largest_mb(venv),
        first_ready_s=asyncio.run(seconds_to_ready(switchboard, folder / "clone-data")),
    )


def uv_cache_state(environment: Mapping[str, str]) -> CacheState:
    """Whether uv has unpacked packages already, from which it would link instead of downloading."""
    home = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", "/")) / ".cache"
    cache = Path(environment.get("UV_CACHE_DIR") or Path(home) / "uv")
    unpacked = cache / "archive-v0"
    return "warm" if unpacked.is_dir() and any(unpacked.iterdir()) else "empty"


def size_on_disk(folder: Path) -> tuple[int, int]:
    """Bytes taken up below the folder, and the number of files; a linked file counts once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            facts = os.lstat(os.path.join(parent, name))
            if (facts.st_dev, facts.st_ino) not in seen:
                seen.add((facts.st_dev, facts.st_ino))
                total += facts.st_blocks * 512
    return total, len(seen)


def _largest_mb(venv: Path) -> dict[str, float]:
    packages = next(venv.glob("lib/python*/site-packages"))
    sizes = {entry.name: size_on_disk(entry)[0] for entry in packages.iterdir() if entry.is_dir()}
    return {name: size / _MB for name, size in Counter(sizes).most_common(MOST_SHOWN)}


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_AT_MOST_S,
        )
    except subprocess.TimeoutExpired as error:
        raise InstallFailed(f"{' '.join(command)}: not done in {_INSTALL_AT_MOST_S} s.") from error
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise InstallFailed(f"{' '.join(command)} ended with {done.returncode}:\n{last}")
    return done.stdout


async def seconds_to_ready(
    command: Sequence[str], folder: Path, compiled_in: Path | None = None
) -> float:
    """Start a server on the data folder and end it again.

    `compiled_in`: where Python keeps what it compiles; default beside the modules.

    Raises ServerFailed.
    """
    began_s = time.monotonic()
    env = {"DATA_DIR": str(folder), "DRAIN_S": "1", **_COMPILED_IS_KEPT}
    if compiled_in:
        env["PYTHONPYCACHEPREFIX"] = str(compiled_in)
    async with ServerProcess(command, env=env, log=folder.with_suffix(".log")):
        return time.monotonic() - began_s


async def measure_starts(folder: Path, runs: int) -> Starts:
    """First and later starts by turns, so that a busy spell of the machine falls on both."""
    command = (sys.executable, "-m", "scripts.switchboard", "serve")
    compiled_in = folder / "compiled"
    say("A start that is not counted, in which Python compiles …")
    await seconds_to_ready(command, folder / "not-counted", compiled_in)
    first_s, later_s = [], []
    for run in range(runs):
        say(f"Start {run + 1} of {runs} …")
        data = folder / f"data-{run}"
        first_s.append(await seconds_to_ready(command, data, compiled_in))
        later_s.append(await seconds_to_ready(command, data, compiled_in))
    return Starts(tuple(first_s), tuple(later_s))


async def measure_imports(folder: Path) -> Imports:
    """A start with Python's own clock on every import; a little slower for it."""
    command = (sys.executable, "-X", "importtime", "-m", "scripts.switchboard", "serve")
    data = folder / "data-0"
    ready_s = await seconds_to_ready(command, data, folder / "compiled")
    return read_imports(data.with_suffix(".log").read_text(errors="replace"), ready_s)


def read_imports(log: str, ready_s: float) -> Imports:
    """What `-X importtime` wrote among other lines, added up by top-level package."""
    own_us: Counter[str] = Counter()
    modules = 0
    for line in log.splitlines():
        if match := _IMPORT.match(line):
            own_us[match[3].partition(".")[0]] += int(match[1])
            modules += 1
    return Imports(
        ready_s=ready_s,
        modules=modules,
        total_ms=own_us.total() / 1000,
        by_package_ms={name: us / 1000 for name, us in own_us.most_common(MOST_SHOWN)},
    )


def as_markdown(figures: Mapping[str, Any]) -> str:
    """The report as tables for people."""
    load = ", ".join(f"{value:.1f}" for value in figures["load_average"])
    parts = [f"{figures['processors']} processors, load average before and after: {load}."]
    if install := figures.get("install"):
        parts += [_install_lines(install), _table("package", "MB", install["largest_mb"])]
    if starts := figures.get("starts"):
        parts.append(_start_lines(starts))
    if imports := figures.get("imports"):
        parts += [
            f"Of a later start that took {imports['ready_s']:.2f} s so measured, importing "
            f"{imports['modules']} modules took {imports['total_ms'] / 1000:.2f} s:",
            _table("package", "ms", imports["by_package_ms"]),
        ]
    return "\n\n".join(parts)


def _install_lines(install: Mapping[str, Any]) -> str:
    cache = {"warm": "warm", "empty": "empty", "cold on purpose": "left aside, and pip's too"}
    return "\n".join(
        [
            f"- `make setup` on an empty clone of {install['commit']}: {install['setup_s']:.0f} s "
            f"(uv's cache: {cache[install['cache']]})",
            f"- `.venv`: {install['venv_mb']:.0f} MB on disk in {install['files']} files",
            "- the clone's first `switchboard serve`, nothing compiled yet, to ready: "
            f"{install['first_ready_s']:.1f} s",
        ]
    )


def _start_lines(starts: Mapping[str, Sequence[float]]) -> str:
    rows = []
    for name, key in (("first start, empty data folder", "first_s"), ("later start", "later_s")):
        took = starts[key]
        figures = (statistics.median(took), min(took), max(took))
        rows.append([name, *(f"{value:.2f}" for value in figures), str(len(took))])
    head = "| `switchboard serve` to ready | median s | min | max | runs |"
    return "\n".join([head, "| --- | ---: | ---: | ---: | ---: |", *map(_row, rows)])


def _table(name: str, unit: str, figures: Mapping[str, float]) -> str:
    rows = [[key, f"{value:.0f}"] for key, value in figures.items()]
    return "\n".join([_row([name, unit]), "| --- | ---: |", *map(_row, rows)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def runs(text: str) -> int:
    """A number of runs. Raises argparse.ArgumentTypeError with a sentence."""
    if not re.fullmatch(r"[1-9]\d?", text):
        raise argparse.ArgumentTypeError(f'"{text}" should be a number of runs from 1 to 99.')
    return int(text)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_start", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", choices=("install", "start"), help="leave the other one out")
    parser.add_argument("--runs", type=runs, default=RUNS, help="starts of each kind")
    parser.add_argument("--cold", action="store_true", help="install with empty caches")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here too")
    args = parser.parse_args(given)
    if args.cold and args.only == "start":
        parser.error("--cold is about installing, which --only start leaves out.")
    return args


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """All that was asked for; progress goes to stderr. Raises InstallFailed, ServerFailed."""
    figures: dict[str, Any] = {"processors": os.cpu_count()}
    load_before = os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="switchboard-bench-"))
    try:
        if args.only != "start":
            say("Setting up an empty clone …")
            figures["install"] = asdict(measure_install(folder, cold=args.cold))
        if args.only != "install":
            figures["starts"] = asdict(asyncio.run(measure_starts(folder, args.runs)))
            figures["imports"] = asdict(asyncio.run(measure_imports(folder)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {**figures, "load_average": [load_before, os.getloadavg()[0]]}


def main() -> int:
    args = arguments()
    # Told to end, it ends its servers as well, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        figures = measure(args)
    except (InstallFailed, ServerFailed) as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("Stopped; nothing is left running.")
        return 130
    print(as_markdown(figures))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
