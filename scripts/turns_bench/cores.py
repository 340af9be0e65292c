"""One core for the server, the others for its callers and providers: neither holds up the other."""

import os
import sys
from collections.abc import Collection, Sequence


def split() -> tuple[set[int], set[int]] | None:
    """The cores of the callers, and the one of the server; None: there is only one."""
    *others, last = sorted(os.sched_getaffinity(0))
    return ({*others}, {last}) if others else None


def command_on(cores: Collection[int], command: Sequence[str]) -> list[str]:
    """The command that runs this one on these cores only; on any if there are none."""
    if not cores:
        return list(command)
    named = ",".join(str(core) for core in sorted(cores))
    return [sys.executable, "-m", "scripts.turns_bench.on_cores", named, *command]
