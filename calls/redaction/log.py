"""Redaction of the log: what belongs to a call is kept as the call's policy says."""

import re
import traceback
from typing import TYPE_CHECKING, Final

from calls.redaction.redactor import Redactor

if TYPE_CHECKING:
    from loguru import Record, RecordException

# Where a call's redactor travels: `logger.contextualize(call=..., redactor=...)`. Tasks inherit it.
_EXTRA: Final = "redactor"
_OUTSIDE_OF_CALLS = Redactor("redacted")
# Libraries write whole conversations.
_LONGEST = 2000
_OWN = ("bots", "calls", "processors", "rehearsal", "scripts", "server", "services", "tools")
_INFO = 20
# Up to the first quotation, value or colon, behind the name of a processor.
_WITHOUT_WORDS = re.compile(r"(?:\S+#\d+:? )?[^\[{('\":]*")
_MEASURED = re.compile(r"[^\[{('\"]*\b(?:TTFB|TTFA|[Tt]ime)\b[^:]*: \d+\.\d+ ?m?s?")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]")
_SET_PHRASES = ("Traceback (", "During handling of", "The above exception")


def redact_log(record: "Record") -> None:
    """Take out of a log record what is not to be kept; for loguru's `patcher`.

    A library's lines below INFO say what it did, without the words that it did it with: pieces
    of a number are in them one by one, and before the record knows what the talk is of.
    What no call logged is left alone, unless a library logged it or it is an exception.
    """
    redactor = record["extra"].pop(_EXTRA, None)
    own = (record["name"] or "").partition(".")[0] in _OWN
    exception = record["exception"]
    if redactor is None:
        if own and exception is None:
            return
        redactor = _OUTSIDE_OF_CALLS
    if redactor.policy == "everything":
        return
    message = record["message"]
    if not own and _MEASURED.fullmatch(message):
        return
    metadata_only = redactor.policy == "metadata only"
    if not own and (metadata_only or record["level"].no < _INFO):
        message = _without_words(message)
    elif metadata_only:
        message = _QUOTED.sub("[…]", message)
    if len(message) > _LONGEST and not own:
        message = f"{message[:_LONGEST]} [and {len(message) - _LONGEST} characters]"
    record["message"] = redactor.log_text(message)
    if exception is not None:
        _redact_exception(record, exception, redactor)


def _without_words(message: str) -> str:
    kept = _WITHOUT_WORDS.match(message)
    if kept is None or kept.end() == len(message):
        return message
    return f"{kept.group()}[…]"


def _redact_exception(record: "Record", exception: "RecordException", redactor: Redactor) -> None:
    """Write a traceback into the message where its words are not to be kept."""
    kind, value, trace = exception
    lines = "".join(traceback.format_exception(kind, value, trace)).splitlines()
    kept = [_kept_line(lines, at, redactor) for at in range(len(lines))]
    if kept != lines:
        record["message"] = "\n".join([record["message"], *kept])
        record["exception"] = None


def _kept_line(lines: list[str], at: int, redactor: Redactor) -> str:
    """Frames and their source are left as they are; what an exception says is not."""
    line = lines[at]
    is_frame = line.startswith('  File "')
    is_source = at > 0 and line.startswith("    ") and lines[at - 1].startswith(("  File", "    "))
    if is_frame or is_source or not line or line.startswith(_SET_PHRASES):
        return line
    if redactor.policy == "metadata only":
        return line.partition(":")[0]
    return redactor.log_text(line)
