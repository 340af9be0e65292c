"""Processor time and memory of a process with all its children, from /proc."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LOOKED_EVERY_S = 0.5
_MB = 1e6


@dataclass(frozen=True)
class Stat:
    """Of one process: its parent, and its processor time with that of its ended children."""

    parent: int
    cpu_s: float


def read_stat(text: str) -> Stat:
    """The content of /proc/<pid>/stat; the program's name may hold anything."""
    fields = text.rpartition(")")[2].split()
    return Stat(int(fields[1]), sum(map(int, fields[11:15])) / _TICKS_A_SECOND)


def tree(root: int, proc: Path = Path("/proc")) -> dict[int, Stat]:
    """The process and all below it, by process id."""
    stats = dict(_stats(proc))
    found = {root: stats[root]} if root in stats else {}
    while more := {
        pid: stat for pid, stat in stats.items() if pid not in found and stat.parent in found
    }:
        found |= more
    return found


def cpu_s(root: int, proc: Path = Path("/proc")) -> float:
    """Processor seconds of the tree since its start."""
    return sum(stat.cpu_s for stat in tree(root, proc).values())


def resident_mb(root: int, proc: Path = Path("/proc")) -> float:
    """Resident memory of the tree in 10^6 bytes; what processes share counts for each."""
    pages = 0
    for pid in tree(root, proc):
        with contextlib.suppress(OSError):
            pages += int((proc / str(pid) / "statm").read_text().split()[1])
    return pages * _PAGE_BYTES / _MB


class Meter:
    """Watches a tree: `cpu_s` and `peak_mb` since it was made."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before_s = cpu_s(pid)
        self.peak_mb = resident_mb(pid)

    @property
    def cpu_s(self) -> float:
        return cpu_s(self._pid) - self._before_s

    async def watch(self) -> None:
        """Look at the memory until cancelled."""
        while True:
            await asyncio.sleep(_LOOKED_EVERY_S)
            self.peak_mb = max(self.peak_mb, resident_mb(self._pid))


def _stats(proc: Path) -> Iterator[tuple[int, Stat]]:
    for entry in os.listdir(proc):
        if entry.isdigit():
            # It may have ended since it was listed.
            with contextlib.suppress(OSError, IndexError):
                yield int(entry), read_stat((proc / entry / "stat").read_text())
