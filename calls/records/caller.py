"""How a caller stands in a record: a number that is masked, and a key that finds it again."""

from pathlib import Path

from loguru import logger

from calls.callers.key import key_of, number_of

_MASK = "•••"


def caller_facts(caller: str, folder: Path, *, shown: bool) -> dict[str, str]:
    """What a record says of a caller: `{"caller", "caller_key"}`, both "" where there is none.

    Parameters:
        caller: The number as it came in.
        folder: Holds the key by which callers are named.
        shown: Whether the number is kept as it is.
    """
    if not caller:
        return {"caller": "", "caller_key": ""}
    number = number_of(caller)
    key = ""
    if number:
        try:
            key = key_of(number, folder)
        except OSError as error:
            logger.error(f"This caller's records cannot be found by the number: {error}")
    return {"caller": (number or caller) if shown else masked(number), "caller_key": key}


def masked(number: str) -> str:
    """`+1415•••0123`: what a number has between the ends is not told."""
    if len(number) < 11:
        return _MASK
    return f"{number[:5]}{_MASK}{number[-4:]}"
