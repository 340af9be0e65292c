"""The log: one line an event, with the call's id, and without secrets."""

import inspect
import logging
import sys
from typing import TYPE_CHECKING

from loguru import logger
from pydantic import SecretStr

from calls.redaction.log import redact_log
from services.choice import provider_names
from settings import Settings

if TYPE_CHECKING:
    from loguru import Record

_FORMAT = (
    "<green>{time:YYYY-MM-DD HH:mm:ss.SSS}</green> <level>{level: <7}</level> "
    "<cyan>{extra[call]: <8}</cyan> {message}"
)
_SHORTEST_SECRET = 8


def set_up(level: str, secrets: list[str]) -> None:
    """Write the log of this process to stderr.

    Parameters:
        level: The least important level that is written.
        secrets: Values that never reach the log, whoever logs them.
    """
    hidden = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]

    def without_secrets(record: "Record") -> None:
        redact_log(record)
        for secret in hidden:
            if secret in record["message"]:
                record["message"] = record["message"].replace(secret, "***")

    logger.remove()
    logger.configure(extra={"call": "-"}, patcher=without_secrets)
    logger.add(
        sys.stderr, level=level, format=_FORMAT, filter=_is_news, backtrace=False, diagnose=False
    )
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)


def secrets_of(settings: Settings) -> list[str]:
    """The values of every setting that is a secret, the providers' keys among them."""
    own = [value for value in vars(settings).values() if isinstance(value, SecretStr)]
    theirs = [secret for name in provider_names() for secret in settings.provider(name).secrets]
    return [secret.get_secret_value() for secret in own] + theirs


def _is_news(record: "Record") -> bool:
    # SmallWebRTC warns of it at every call; no call here has video.
    return not record["message"].endswith("video transceiver is available")


class _ToLoguru(logging.Handler):
    """Lets libraries that use the standard library's logging write to the same log."""

    def emit(self, record: logging.LogRecord) -> None:
        frame, depth = inspect.currentframe(), 0
        while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
            frame, depth = frame.f_back, depth + 1
        level = record.levelname if record.levelname in logging.getLevelNamesMapping() else "INFO"
        logger.opt(depth=depth, exception=record.exc_info).log(level, record.getMessage())
