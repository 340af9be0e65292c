"""Which patient a name belongs to that was heard over the telephone."""

from collections.abc import Collection

from rapidfuzz import fuzz, utils

# "mary jones" scores 76 against "merry johns" and 70 against "anna jones". The date of birth has
# matched already, so only patients born on one day have to be told apart.
LIKE_ENOUGH = 73


def same_patient(heard: str, names: Collection[str]) -> set[str]:
    """Return those of `names` (all of one date of birth) that `heard` most likely is.

    All spellings that fit equally well are returned, none if nothing comes close.
    """
    scores = {name: _likeness(heard, name) for name in names}
    best = max(scores.values(), default=0)
    return {name for name, score in scores.items() if score == best and score >= LIKE_ENOUGH}


def _likeness(heard: str, name: str) -> float:
    one, other = utils.default_process(heard), utils.default_process(name)
    return max(fuzz.ratio(one, other), fuzz.token_sort_ratio(one, other))
