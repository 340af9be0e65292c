"""The thread that speaks: it takes the texts of all calls in turn, piece by piece."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from services.embedded.espeak_library import EspeakError, Library
from services.embedded.espeak_sound import (
    SAMPLE_RATE_HZ,
    Trim,
    duration_ms,
    gain_to_normal_level,
    levelled,
)
from services.embedded.espeak_text import pieces, pronounceable
from services.embedded.espeak_voice import VoiceSpec
from services.embedded.espeak_words import Word, WordEvents

_CHUNK = SAMPLE_RATE_HZ * 40 // 1000
_CALIBRATION = "1 2 3 4 5 6 7 8 9 10"

_gains: dict[VoiceSpec, float] = {}


@dataclass(frozen=True)
class Chunk:
    """At most 40 ms of 16-bit mono PCM at `SAMPLE_RATE_HZ`, and the words that start there."""

    pcm: bytes
    words: tuple[Word, ...] = ()


@dataclass
class Rendering:
    """One text on its way through the engine."""

    text: str
    spec: VoiceSpec
    deliver: Callable[[Chunk | Exception | None], None]
    aborted: bool = False
    pieces: deque[tuple[int, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.pieces = deque(pieces(pronounceable(self.text)))
        self._events = WordEvents(self.text)
        self._due: list[Word] = []
        self._ready = np.empty(0, np.int16)
        self._made = 0

    def abort(self) -> None:
        """Stop within one buffer of audio (60 ms of speech, well below 1 ms of work)."""
        self.aborted = True

    def step(self, library: Library) -> bool:
        """Speak the next piece. Returns whether any is left."""
        if self.pieces:
            offset, piece = self.pieces.popleft()
            self._speak(library, offset, piece)
        if self.pieces and not self.aborted:
            return True
        if not self.aborted:
            self._finish()
        self.deliver(None)
        return False

    def _speak(self, library: Library, offset: int, piece: str) -> None:
        trim, gain, begin = Trim(), _gain(library, self.spec), self._made

        def heard(samples: np.ndarray, words: Sequence[tuple[int, int]]) -> bool:
            self._add(trim.feed(levelled(samples, gain)))
            for position, at_sample in words:
                at = begin + max(0, at_sample - trim.dropped)
                self._due += self._events.at(offset + position, duration_ms(at))
            self._send(_CHUNK)
            return self.aborted

        library.render(piece, self.spec, heard)
        if not self.aborted:
            self._add(trim.finish())

    def _add(self, samples: np.ndarray) -> None:
        self._ready = np.concatenate((self._ready, samples))
        self._made += samples.size

    def _send(self, at_least: int) -> None:
        while self._ready.size >= at_least and self._ready.size and not self.aborted:
            head, self._ready = self._ready[:_CHUNK], self._ready[_CHUNK:]
            self.deliver(Chunk(head.tobytes(), tuple(self._due)))
            self._due = []

    def _finish(self) -> None:
        if not self._made:
            return
        self._due += self._events.rest(duration_ms(self._made))
        if not self._ready.size and self._due:
            self.deliver(Chunk(b"", tuple(self._due)))
        self._send(1)


class Worker:
    """Takes the renderings in turn, one piece each, on a thread that ends with the last one."""

    def __init__(self) -> None:
        self.library = Library()
        self._lock = threading.Lock()
        self._waiting: deque[Rendering] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, rendering: Rendering) -> None:
        """Queue a rendering, and start the worker if it rests."""
        with self._lock:
            if self._closed:
                raise EspeakError("The interpreter is shutting down.")
            self._waiting.append(rendering)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="espeak-ng", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Abort everything, so that no C code runs while the interpreter goes away."""
        with self._lock:
            self._closed = True
            thread = self._thread
            for rendering in self._waiting:
                rendering.abort()
        if thread is not None:
            thread.join(timeout=1)

    def _work(self) -> None:
        while (rendering := self._take()) is not None:
            try:
                with self.library.lock:
                    unfinished = rendering.step(self.library)
            except Exception as e:
                rendering.deliver(e)
                unfinished = False
            with self._lock:
                self._waiting.popleft()
                if unfinished and not self._closed:
                    self._waiting.append(rendering)

    def _take(self) -> Rendering | None:
        with self._lock:
            if self._waiting:
                return self._waiting[0]
            self._thread = None
            return None


def _gain(library: Library, spec: VoiceSpec) -> float:
    """Return the factor that brings this voice, which differ by 15 dB, to the normal level."""
    plain = replace(spec, volume=100)
    if plain not in _gains:
        heard: list[np.ndarray] = []

        def collect(samples: np.ndarray, _: list[tuple[int, int]]) -> bool:
            heard.append(samples)
            return False

        library.render(_CALIBRATION, plain, collect)
        _gains[plain] = gain_to_normal_level(np.concatenate(heard))
    return _gains[plain] * spec.volume / 100
