"""One core for the server, the others for its callers and providers: neither holds up the other."""

import contextlib
import os
from collections.abc import Iterator


def split() -> tuple[set[int], set[int]] | None:
    """The cores of the callers, and the one of the server; None: there is only one."""
    *others, last = sorted(os.sched_getaffinity(0))
    return ({*others}, {last}) if others else None


@contextlib.contextmanager
def children_on(cores: set[int] | None) -> Iterator[None]:
    """Whatever is started within runs on these cores. None: as everything else does."""
    before = os.sched_getaffinity(0)
    if cores is not None:
        os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
