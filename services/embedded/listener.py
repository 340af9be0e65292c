"""One call's recogniser on a worker thread. No Pipecat here."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pocketsphinx

from services.embedded.sphinx import BITE_BYTES, BYTES_PER_SECOND, Ear, Utterance

log = logging.getLogger(__name__)

_INTERIM_BYTES = BYTES_PER_SECOND // 5
_MOST_WAITING_BYTES = 30 * BYTES_PER_SECOND


@dataclass(frozen=True)
class Heard:
    """What a listener understood so far (`final` false) or in the whole utterance."""

    utterance: int
    text: str
    final: bool


@dataclass(frozen=True)
class _Begin:
    utterance: int


@dataclass(frozen=True)
class _Audio:
    samples: bytes


@dataclass(frozen=True)
class _Finish:
    pass


@dataclass(frozen=True)
class _Close:
    pass


class Listener:
    """One call's decoder on a worker thread.

    Args:
        ear: What the decoder knows.
        on_heard: Called on the worker thread: with changed words at most every 200 ms of audio,
            and once with `final` for every utterance, also for one without words.
    """

    def __init__(self, ear: Ear, on_heard: Callable[[Heard], None]) -> None:
        self._ear = ear
        self._on_heard = on_heard
        self._orders: queue.SimpleQueue[_Begin | _Audio | _Finish | _Close] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._count = threading.Lock()
        self._dropping = threading.Event()
        self._utterances = 0
        self._thread = threading.Thread(target=self._work, name="embedded-ear", daemon=True)
        self._thread.start()

    @property
    def utterance(self) -> int:
        """The number of the last utterance begun, from 1; 0 before the first."""
        return self._utterances

    def begin(self) -> int:
        """Starts an utterance and returns its number; one still open is finished first."""
        self._utterances += 1
        self._orders.put(_Begin(self._utterances))
        return self._utterances

    def hear(self, audio: bytes) -> None:
        """Takes 16-bit mono samples at 16 kHz; dropped when 30 s are waiting already."""
        with self._count:
            if self._waiting_bytes > _MOST_WAITING_BYTES:
                log.warning("the recogniser is too far behind; sound is dropped")
                return
            self._waiting_bytes += len(audio)
        self._orders.put(_Audio(audio))

    def finish(self) -> None:
        """Ends the utterance; its final words follow through `on_heard`."""
        self._orders.put(_Finish())

    def close(self, *, drop: bool = False) -> None:
        """Ends the thread and waits for it.

        Args:
            drop: Leave out what is still waiting instead of decoding it first.
        """
        if drop:
            self._dropping.set()
        self._orders.put(_Close())
        self._thread.join()

    def _work(self) -> None:
        decoder = self._ear.decoder()
        try:
            self._listen(decoder)
        except Exception:
            # A decoder in an unknown state is not handed to the next call.
            log.exception("the recogniser stopped")
            return
        self._ear.give_back(decoder)

    def _listen(self, decoder: pocketsphinx.Decoder) -> None:
        current: _Current | None = None
        while True:
            match self._orders.get():
                case _Begin(utterance=number):
                    self._finish(current)
                    speech = Utterance(decoder, telephone=self._ear.telephone)
                    current = _Current(number, speech)
                case _Audio(samples=samples):
                    with self._count:
                        self._waiting_bytes -= len(samples)
                    if current is not None and not self._dropping.is_set():
                        self._hear(current, samples)
                case _Finish():
                    self._finish(current)
                    current = None
                case _Close():
                    self._finish(current)
                    return

    def _hear(self, current: _Current, samples: bytes) -> None:
        for start in range(0, len(samples), BITE_BYTES):
            current.speech.hear(samples[start : start + BITE_BYTES])
        current.unreported_bytes += len(samples)
        if current.unreported_bytes < _INTERIM_BYTES:
            return
        current.unreported_bytes = 0
        text = current.speech.words()
        if text and text != current.reported:
            current.reported = text
            self._on_heard(Heard(current.number, text, final=False))

    def _finish(self, current: _Current | None) -> None:
        if current is None:
            return
        text = current.speech.finish()
        if not self._dropping.is_set():
            self._on_heard(Heard(current.number, text, final=True))


@dataclass
class _Current:
    number: int
    speech: Utterance
    reported: str = ""
    unreported_bytes: int = 0
