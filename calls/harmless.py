"""What only watches a call must not be able to end it."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from loguru import logger

P = ParamSpec("P")


def harmless(watch: Callable[P, None]) -> Callable[P, None]:
    """A function whose errors are said in the log, and go no further."""

    @wraps(watch)
    def watched(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            watch(*args, **kwargs)
        except Exception as error:
            logger.opt(exception=error).error(
                f"Something is missing in this call's record ({watch.__qualname__}): {error!r}"
            )

    return watched
