"""Where a track is audible, and the figures of a conversation read from that.

All times are seconds on the track, whose first sample is at 0. A sample is audible from about
-42 dBFS up: above line noise and what resampling leaves behind, below any spoken sound.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rehearsal.mulaw import SAMPLE_RATE_HZ, Pcm

AUDIBLE_PEAK = 256
# Gaps of up to so long do not split a stretch of sound.
JOIN_MS = 60.0


@dataclass(frozen=True)
class Span:
    """A stretch of sound, from its first to just after its last audible sample."""

    start_s: float
    end_s: float


def is_audible(pcm: Pcm) -> bool:
    return bool(pcm.size) and int(np.abs(pcm.astype(np.int32)).max()) >= AUDIBLE_PEAK


def audible_spans(
    pcm: Pcm, *, join_ms: float = JOIN_MS, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> list[Span]:
    """The audible stretches of samples of shape (n,); gaps of up to `join_ms` do not split one."""
    (loud,) = np.nonzero(np.abs(pcm.astype(np.int32)) >= AUDIBLE_PEAK)
    if not loud.size:
        return []
    gaps = np.diff(loud) > join_ms * sample_rate_hz / 1000
    starts = loud[np.concatenate(([True], gaps))]
    ends = loud[np.concatenate((gaps, [True]))] + 1
    return [
        Span(start / sample_rate_hz, end / sample_rate_hz)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def first_audible_after(spans: list[Span], moment_s: float) -> float | None:
    """When something is first heard at or after the moment; None: nothing is."""
    for span in spans:
        if span.end_s > moment_s:
            return max(span.start_s, moment_s)
    return None


def longest_silence_ms(spans: list[Span], *, start_s: float, end_s: float) -> float:
    """The longest stretch without sound between two moments, in milliseconds."""
    inside = [s for s in spans if s.end_s > start_s and s.start_s < end_s]
    edges = [Span(start_s, start_s), *inside, Span(end_s, end_s)]
    return max(max(0.0, b.start_s - a.end_s) for a, b in pairwise(edges)) * 1000


def joined(spans: list[Span], gap_ms: float) -> list[Span]:
    """The same sound with every pause shorter than `gap_ms` counted as sound."""
    whole: list[Span] = []
    for span in spans:
        if whole and (span.start_s - whole[-1].end_s) * 1000 < gap_ms:
            whole[-1] = Span(whole[-1].start_s, span.end_s)
        else:
            whole.append(span)
    return whole


def stop_after_ms(spans: list[Span], moment_s: float, *, quiet_ms: float = 300) -> float | None:
    """How long sound that was on at the moment kept on, until `quiet_ms` of silence followed.

    None: it was silent at the moment (a pause shorter than `quiet_ms` counts as sound).
    """
    for span in joined(spans, quiet_ms):
        if span.start_s <= moment_s < span.end_s:
            return (span.end_s - moment_s) * 1000
    return None
