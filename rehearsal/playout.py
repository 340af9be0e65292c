"""The telephone's loudspeaker: what the server sent is played in real time, and kept as played.

The server may send faster than real time; what counts for a caller is when sound leaves the
loudspeaker. Audio therefore waits in a buffer and moves in 20 ms frames against a clock. Audio that
arrives after a frame was due is never written back into it, however late the clock is looked at.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rehearsal import mulaw
from rehearsal.audible import (
    JOIN_MS,
    Span,
    audible_spans,
    first_audible_after,
    is_audible,
    longest_silence_ms,
    stop_after_ms,
)
from rehearsal.mulaw import Pcm

FRAME_MS = 20
FRAME_SAMPLES = mulaw.SAMPLE_RATE_HZ * FRAME_MS // 1000
# Twilio discards what goes beyond ten minutes (its warning 31931).
BUFFER_LIMIT_S = 600.0


@dataclass(frozen=True)
class Cleared:
    """One `clear`: when, and how much audio it kept from being played."""

    at_s: float
    dropped_ms: float


class Playout:
    """Plays 8 kHz mu-law against `clock` (seconds, monotonic); 0 is the moment of construction."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._zero_s = clock()
        self._queue: deque[bytes | str] = deque()  # bytes: audio; str: the name of a mark
        self._queued_samples = 0
        self._played = bytearray()
        self._reached: list[str] = []
        self._last_frame_heard = -1
        self._stopped_s: float | None = None
        self.cleared: list[Cleared] = []
        self.discarded_ms = 0.0
        self.unplayed_ms = 0.0

    @property
    def now_s(self) -> float:
        """Seconds since the start; stands still once stopped."""
        return self._clock() - self._zero_s if self._stopped_s is None else self._stopped_s

    @property
    def played_s(self) -> float:
        return len(self._played) / mulaw.SAMPLE_RATE_HZ

    @property
    def buffered_ms(self) -> float:
        return self._queued_samples * 1000 / mulaw.SAMPLE_RATE_HZ

    def receive(self, audio: bytes) -> None:
        """Queue mu-law bytes behind what is queued."""
        self.advance()
        room = int(BUFFER_LIMIT_S * mulaw.SAMPLE_RATE_HZ) - self._queued_samples
        self.discarded_ms += max(0, len(audio) - room) * 1000 / mulaw.SAMPLE_RATE_HZ
        if kept := audio[: max(0, room)]:
            self._queue.append(kept)
            self._queued_samples += len(kept)

    def mark(self, name: str) -> None:
        """Queue a mark; `take_marks` gives it back once all before it was played."""
        self.advance()
        self._queue.append(name)
        self._collect_reached()

    def clear(self) -> None:
        """Drop all queued audio; the marks among it count as reached, as they do at Twilio."""
        self.advance()
        self.cleared.append(Cleared(self.now_s, self.buffered_ms))
        self._reached += [item for item in self._queue if isinstance(item, str)]
        self._queue.clear()
        self._queued_samples = 0

    def stop(self) -> None:
        """The line is gone: what is still queued is never heard.

        `unplayed_ms` tells how much of it, up to its last audible sample; silence is no loss.
        """
        if self._stopped_s is not None:
            return
        self.advance()
        self._stopped_s = self.now_s
        waiting = b"".join(item for item in self._queue if isinstance(item, bytes))
        lost = audible_spans(mulaw.decode(waiting))
        self.unplayed_ms = lost[-1].end_s * 1000 if lost else 0.0
        self._queue.clear()
        self._queued_samples = 0

    def advance(self) -> None:
        """Play every frame that has become due: frame n leaves at n times 20 ms."""
        if self._stopped_s is not None:
            return
        due = int(self.now_s * 1000 / FRAME_MS + 1e-6) + 1
        while len(self._played) < due * FRAME_SAMPLES:
            self._play_frame()

    def take_marks(self) -> list[str]:
        """Names of the marks reached since the last time, in order."""
        self.advance()
        reached, self._reached = self._reached, []
        return reached

    def silent_for_ms(self, *, since_s: float = 0.0) -> float | None:
        """How long nothing has been heard, if something was heard after `since_s`; else None."""
        self.advance()
        heard_until_s = (self._last_frame_heard + 1) * FRAME_MS / 1000
        if self._last_frame_heard < 0 or heard_until_s <= since_s:
            return None
        return max(0.0, self.now_s - heard_until_s) * 1000

    def track(self) -> Pcm:
        """Everything as it left the loudspeaker, silence included: samples of shape (n,)."""
        self.advance()
        return mulaw.decode(self._played)

    def part(self, first: int, count: int) -> Pcm:
        """So many samples of the track from one on; those that were not played yet are silent."""
        self.advance()
        heard = np.zeros(count, np.int16)
        known = mulaw.decode(self._played[max(0, first) : max(0, first + count)])
        begin = max(0, -first)
        heard[begin : begin + known.size] = known
        return heard

    def spans(self) -> list[Span]:
        return audible_spans(self.track())

    def first_audible_after(self, moment_s: float) -> float | None:
        """When something is first heard at or after the moment; None: nothing is, so far."""
        # Sound from before the moment goes on over a gap. Whoever waits for an answer asks fifty
        # times a second, so that no more of a long call is decoded than that.
        first = max(0, int((moment_s - JOIN_MS / 1000) * mulaw.SAMPLE_RATE_HZ))
        self.advance()
        late = audible_spans(mulaw.decode(self._played[first:]))
        zero_s = first / mulaw.SAMPLE_RATE_HZ
        heard_s = first_audible_after(late, moment_s - zero_s)
        return None if heard_s is None else zero_s + heard_s

    def dead_air_ms(self, *, start_s: float, end_s: float) -> float:
        """The longest silence between the moments, in milliseconds."""
        return longest_silence_ms(self.spans(), start_s=start_s, end_s=end_s)

    def stop_after_ms(self, moment_s: float, *, quiet_ms: float = 300) -> float | None:
        """How long the bot went on after the moment (barge-in); None: it was silent."""
        return stop_after_ms(self.spans(), moment_s, quiet_ms=quiet_ms)

    def _play_frame(self) -> None:
        frame = bytearray()
        while self._queue and len(frame) < FRAME_SAMPLES:
            item = self._queue.popleft()
            if isinstance(item, str):
                self._reached.append(item)
                continue
            missing = FRAME_SAMPLES - len(frame)
            frame += item[:missing]
            if rest := item[missing:]:
                self._queue.appendleft(rest)
        self._queued_samples -= len(frame)
        frame += bytes([mulaw.SILENCE]) * (FRAME_SAMPLES - len(frame))
        if is_audible(mulaw.decode(frame)):
            self._last_frame_heard = len(self._played) // FRAME_SAMPLES
        self._played += frame
        self._collect_reached()

    def _collect_reached(self) -> None:
        while self._queue and isinstance(name := self._queue[0], str):
            self._queue.popleft()
            self._reached.append(name)
