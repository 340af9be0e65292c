"""What remains of a call: one JSON object a line, written while the call runs."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from loguru import logger

from processors.stage_latency import Stages

Speaker = Literal["caller", "bot"]


class CallRecord:
    """The events of one call, in order.

    Each event is a line `{"at_s": seconds since the call was answered, "kind": ..., ...}` of
    `<folder>/<call_id>.jsonl`. A record that cannot be written never touches the call: it is
    said once in the log.

    Parameters:
        folder: Where records are kept.
        call_id: Names the file.
        now: Seconds of a monotonic clock.
    """

    def __init__(
        self, folder: Path, call_id: str, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = folder / f"{call_id}.jsonl"
        self._now = now
        self._answered_at_s = now()
        self._turns: list[Stages] = []
        self._writable = True
        self._end_reason = ""

    def opened(self, **facts: Any) -> None:
        """The call was answered."""
        self._write("call", facts)

    def heard(self, who: Speaker, text: str) -> None:
        """Words that were said by the caller, or played to the caller."""
        if text.strip():
            self._write("heard", {"who": who, "text": text.strip()})

    def turn(self, stages: Stages) -> None:
        """The stages of a turn are known."""
        self._turns.append(stages)
        self._write("turn", asdict(stages))

    def note(self, kind: str, **facts: Any) -> None:
        """Something else worth keeping happened."""
        self._write(kind, facts)

    def ending(self, reason: str) -> None:
        """Why the call is about to end. The first reason is the one that counts."""
        self._end_reason = self._end_reason or reason

    def closed(self, **facts: Any) -> None:
        """The call is over."""
        duration_s = round(self._now() - self._answered_at_s, 3)
        reason = self._end_reason or "ended"
        self._write("end", {"reason": reason, "duration_s": duration_s, **facts})
        logger.info(self.summary(duration_s, reason))

    @property
    def end_reason(self) -> str:
        return self._end_reason

    def summary(self, duration_s: float, reason: str) -> str:
        """One line for the log: duration, reason, and each turn's voice to voice."""
        turns = " ".join(_voice_to_voice(stages) for stages in self._turns) or "none"
        return f"call over after {duration_s:.1f} s ({reason}); voice to voice per turn: {turns}"

    def _write(self, kind: str, facts: Mapping[str, Any]) -> None:
        event = {"at_s": round(self._now() - self._answered_at_s, 3), "kind": kind, **facts}
        if not self._writable:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(event, ensure_ascii=False, default=str) + "\n")
        except OSError as error:
            self._writable = False
            logger.error(f"This call's record is lost from here on: {self.path}: {error}")


def _voice_to_voice(stages: Stages) -> str:
    heard_ms = [
        ms for ms in (stages.filler_audio_out_ms, stages.first_audio_out_ms) if ms is not None
    ]
    return f"{min(heard_ms):.0f} ms" if heard_ms else "no answer"
