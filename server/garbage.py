"""The garbage collector looks while nobody is on the line: a look halts every call."""

import gc

# New objects until a look at the newest, looks at those until one at what has stayed, and so on.
# With Python's own 700 and 10, every sixteenth call or so had all that run at once halted: eight
# for 0.1 s, as long as a phone has something left to play.
_SELDOM = (10_000, 20, 10)


def spare_what_stays() -> None:
    """Never look again at what is loaded by now, and at the rest only seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)


def look() -> None:
    """Let go of what is left of calls."""
    gc.collect()
