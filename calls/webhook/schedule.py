"""When to try again."""

import random

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 3600.0
GIVEN_UP_AFTER_S = 24 * 3600.0


def wait_s(failures: int, rng: random.Random) -> float:
    """How long to wait after so many failures: twice as long each time, and never exactly.

    Half of it is chance, so that many calls which failed together do not come back together.
    """
    longest_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - 1, 32))
    return longest_s * rng.uniform(0.5, 1.0)
