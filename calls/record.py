"""What remains of a call: its events, put into the store while the call runs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from loguru import logger

from calls.records.call_file import CallFile
from calls.records.caller import caller_facts
from calls.records.event import Event
from calls.records.outcome import Course, ended_by
from calls.records.store import RecordStore, store_of
from processors.stages.report import Stages
from settings import Settings

Speaker = Literal["caller", "bot"]


class Redacts(Protocol):
    """What stands between a call and everything that keeps, logs or shows it."""

    def text(self, who: str, text: str) -> str:
        """Words of one side, in the order in which they are said."""
        ...

    def facts(self, kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of an event of a kind."""
        ...


class CallRecord:
    """The events of one call, in order. Nothing that goes wrong here touches the call.

    Parameters:
        folder: Where a file of the events is kept, besides the store; None for no file.
        call_id: Names the call.
        store: Keeps the events; None for a call that leaves nothing.
        redactor: What all facts and words go through first.
        name_caller: From a number to the facts that the record may have of it.
        now: Seconds of a monotonic clock.
    """

    def __init__(
        self,
        folder: Path | None,
        call_id: str,
        *,
        store: RecordStore | None = None,
        redactor: Redacts | None = None,
        name_caller: Callable[[str], dict[str, str]] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.call_id = call_id
        self._file = CallFile(folder, call_id) if folder else None
        self._store = store
        self._redactor = redactor
        self._name_caller = name_caller
        self._now = now
        self._answered_at_s = now()
        self._seq = 0
        self._course = Course()
        self._turns: list[Stages] = []
        self._end_reason = ""
        self._ended_by = ""
        self._closed = False

    @property
    def path(self) -> Path:
        """The file of the events. For a call that has one."""
        if self._file is None:
            raise ValueError("This call has no file; set CALL_FILES=true.")
        return self._file.path

    def opened(self, *, caller: str = "", **facts: Any) -> None:
        """The call was answered. `caller` is the number as it came in."""
        if caller and self._name_caller:
            facts |= self._name_caller(caller)
        self._write("call", facts)

    def heard(self, who: Speaker, text: str) -> None:
        """Words that were said by the caller, or played to the caller."""
        self.note("heard", who=who, text=text.strip())

    def turn(self, stages: Stages) -> None:
        """The stages of a turn are known."""
        self._turns.append(stages)
        self._write("turn", asdict(stages))

    def note(self, kind: str, **facts: Any) -> None:
        """Something else worth keeping happened."""
        if kind == "heard" and not str(facts.get("text", "")).strip():
            return
        self._write(kind, facts)

    def ending(self, reason: str, by: str = "") -> None:
        """Why the call is about to end, and by whom. The first reason is the one that counts."""
        if not self._end_reason:
            self._end_reason, self._ended_by = reason, by

    def closed(self) -> None:
        """The call is over."""
        if self._closed:
            return
        self._closed = True
        duration_s = round(self._now() - self._answered_at_s, 3)
        reason = self._end_reason or "ended"
        by = self._ended_by or ended_by(reason)
        if not self._course.told:
            judged = self._course.judged(reason, by)
            self._write("outcome", {"outcome": judged.outcome, "by": "rules", "why": judged.why})
        self._write("end", {"reason": reason, "duration_s": duration_s, "by": by})
        logger.info(self.summary(duration_s, reason))

    @property
    def at_s(self) -> float:
        """Seconds since the call was answered."""
        return self._now() - self._answered_at_s

    def clock(self) -> Callable[[], float]:
        """What tells `at_s`, for whoever asks many times a second."""
        now, answered_at_s = self._now, self._answered_at_s
        return lambda: now() - answered_at_s

    @property
    def end_reason(self) -> str:
        return self._end_reason

    def summary(self, duration_s: float, reason: str) -> str:
        """One line for the log: duration, reason, and each turn's voice to voice."""
        turns = " ".join(_voice_to_voice(stages) for stages in self._turns) or "none"
        return f"call over after {duration_s:.1f} s ({reason}); voice to voice per turn: {turns}"

    def _write(self, kind: str, facts: Mapping[str, Any]) -> None:
        self._course.take(kind, facts)
        at_s = round(self._now() - self._answered_at_s, 3)
        facts = self._redacted(kind, facts)
        if self._file:
            self._file.write(at_s, kind, facts)
        if self._store:
            self._seq += 1
            self._store.put(Event(self.call_id, self._seq, at_s, datetime.now(UTC), kind, facts))

    def _redacted(self, kind: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._redactor is None:
            return facts
        try:
            if kind != "heard":
                return self._redactor.facts(kind, facts)
            words = self._redactor.text(str(facts["who"]), str(facts["text"]))
            return {**facts, "text": words}
        except Exception as error:
            logger.error(f"What cannot be redacted is not kept: {kind}: {type(error).__name__}")
            return {"unredactable": True}


def record_of(settings: Settings, call_id: str, *, redactor: Redacts | None = None) -> CallRecord:
    """The record of a new call, in this process's store."""
    return CallRecord(
        settings.data_dir / "calls" if settings.call_files else None,
        call_id,
        store=store_of(settings),
        redactor=redactor,
        name_caller=lambda caller: caller_facts(
            caller, settings.data_dir, shown=settings.show_caller_numbers
        ),
    )


def _voice_to_voice(stages: Stages) -> str:
    heard_ms = [
        ms for ms in (stages.filler_audio_out_ms, stages.first_audio_out_ms) if ms is not None
    ]
    return f"{min(heard_ms):.0f} ms" if heard_ms else "no answer"
