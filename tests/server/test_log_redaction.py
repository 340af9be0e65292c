"""The log of the server's process."""

import io
import logging
import sys
from collections.abc import Iterator

import pytest
from loguru import logger

from calls.redaction import Redactor
from server import logs


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    before = logging.root.handlers[:]
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", io.StringIO())
        logs.set_up("DEBUG", ["a-long-secret"])
        yield sys.stderr  # type: ignore[misc]
    logging.root.handlers[:] = before
    logger.remove()
    logger.configure(patcher=lambda _: None, extra={})
    logger.add(sys.__stderr__)  # type: ignore[arg-type]


def test_log_of_a_call_holds_neither_secrets_nor_what_the_call_may_not_keep(
    log: io.StringIO,
) -> None:
    with logger.contextualize(call="a-call", redactor=Redactor("redacted")):
        logger.warning("a-long-secret of 4111 1111 1111 1111")
    assert "a-call   *** of [card]" in log.getvalue()
