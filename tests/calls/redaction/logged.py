"""Lines of the log as another module writes them."""

from types import FunctionType

from loguru import logger


def _log(level: str, message: str) -> None:
    logger.log(level, message)


def logged_by(module: str, level: str, message: str) -> None:
    """Log as code in `module` does; loguru takes the name from the caller's globals."""
    FunctionType(_log.__code__, {"__name__": module, "logger": logger})(level, message)
