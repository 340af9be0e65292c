"""The embedded recogniser: pocketsphinx with a language model made for one bot.

`Ear.shared(...)` builds (once per process and content) what all calls of a bot share; `Listener`
is one call's decoder on its own worker thread. No Pipecat here.
"""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import random
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pocketsphinx

from services.embedded.language_model import (
    GeneralModel,
    Mixture,
    PhoneTalk,
    mixed_arpa,
    words_of,
)

log = logging.getLogger(__name__)

SAMPLE_RATE_HZ = 16_000
BYTES_PER_SECOND = SAMPLE_RATE_HZ * 2

# Part of the cache key: raise it when the generic material or the mixing changes.
_MODEL_VERSION = 2
# The recogniser holds Python's lock while it decodes; small bites keep the event loop live.
_BITE_BYTES = BYTES_PER_SECOND // 50
_INTERIM_BYTES = BYTES_PER_SECOND // 5
_MOST_WAITING_BYTES = 30 * BYTES_PER_SECOND
_MOST_IDLE_DECODERS = 8
# Weight of the language model against the sound, and the price of a word.
_WEIGHTS = {"lw": 7.0, "wip": 0.3}
# Wider than the defaults: a model this small can afford it, and digits need it.
_BEAMS = {"beam": 1e-60, "wbeam": 1e-40, "pbeam": 1e-60}
# Where the cepstral mean starts, measured over synthetic voices; it adapts during a call.
_FIRST_MEAN = {False: "40,0,8,15,-1,-3,1,2", True: "39,6,-3,22,-4,-3,4,-2"}

_SOUNDS = (
    *(("tion", "SH AH N"), ("sion", "ZH AH N"), ("igh", "AY"), ("tch", "CH"), ("dge", "JH")),
    *(("ough", "OW"), ("ch", "CH"), ("sh", "SH"), ("th", "TH"), ("ph", "F"), ("wh", "W")),
    *(("ck", "K"), ("ng", "NG"), ("qu", "K W"), ("kn", "N"), ("wr", "R"), ("oo", "UW")),
    *(("ee", "IY"), ("ea", "IY"), ("ai", "EY"), ("ay", "EY"), ("oa", "OW"), ("ow", "OW")),
    *(("ou", "AW"), ("oi", "OY"), ("oy", "OY"), ("au", "AO"), ("aw", "AO"), ("er", "ER")),
    *(("ir", "ER"), ("ur", "ER"), ("ar", "AA R"), ("or", "AO R"), ("ce", "S"), ("ci", "S IH")),
    *(("ge", "JH"), ("bb", "B"), ("dd", "D"), ("ff", "F"), ("gg", "G"), ("ll", "L")),
    *(("mm", "M"), ("nn", "N"), ("pp", "P"), ("rr", "R"), ("ss", "S"), ("tt", "T")),
    *(("a", "AE"), ("b", "B"), ("c", "K"), ("d", "D"), ("e", "EH"), ("f", "F"), ("g", "G")),
    *(("h", "HH"), ("i", "IH"), ("j", "JH"), ("k", "K"), ("l", "L"), ("m", "M"), ("n", "N")),
    *(("o", "AA"), ("p", "P"), ("q", "K"), ("r", "R"), ("s", "S"), ("t", "T"), ("u", "AH")),
    *(("v", "V"), ("w", "W"), ("x", "K S"), ("y", "IY"), ("z", "Z")),
)


def pronunciation_by_spelling(word: str) -> str:
    """A plausible pronunciation for a word the dictionary lacks, "" when it has no letters."""
    silent_e = len(word) > 3 and word.endswith("e") and not word.endswith(("ee", "ce", "ge"))
    rest, sounds = word[:-1] if silent_e else word, []
    while rest:
        spelling, sound = next(
            (pair for pair in _SOUNDS if rest.startswith(pair[0])), (rest[0], "")
        )
        if sound:
            sounds.append(sound)
        rest = rest[len(spelling) :]
    return " ".join(sounds)


class HighBand:
    """Fills in what the telephone cut off above 3.4 kHz, so that s, f, t and p are told apart.

    The acoustic model expects sound up to 6.8 kHz. Per 10 ms frame the loudness of four bands
    above 3.4 kHz is guessed from six bands below it, and noise of that loudness is added. The
    guess is a least-squares fit over pairs of wide-band and telephone speech (synthetic voices).
    """

    _WINDOW, _HOP = 320, 160
    _LOW_HZ = (200, 600, 1000, 1600, 2200, 2800, 3400)
    _HIGH_HZ = (3400, 4000, 4700, 5500, 6800)
    # Rows: constant, six low bands, (bright - dull) squared, dull * bright, bright squared.
    _FIT = np.array(
        [
            [9.185, 9.352, 9.351, 9.092],
            [-0.095, -0.186, -0.218, -0.155],
            [-0.034, 0.273, 0.286, -0.211],
            [0.107, -0.218, -0.035, 0.223],
            [0.134, 0.423, 0.361, 0.363],
            [0.366, -0.093, -0.237, 0.258],
            [0.719, 0.956, 0.977, 0.542],
            [0.001, -0.03, -0.047, 0.008],
            [-0.016, -0.01, -0.042, -0.031],
            [-0.008, -0.056, -0.034, -0.036],
        ]
    )

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)
        self._window = np.sqrt(np.hanning(self._WINDOW + 1)[: self._WINDOW])
        hz = np.fft.rfftfreq(self._WINDOW, 1 / SAMPLE_RATE_HZ)
        self._low, self._high = (
            [np.flatnonzero((hz >= low) & (hz < high)) for low, high in pairwise(edges)]
            for edges in (self._LOW_HZ, self._HIGH_HZ)
        )
        self._heard = np.zeros(0)
        self._tail = np.zeros(self._HOP)

    def extend(self, audio: bytes) -> bytes:
        """Takes and returns 16-bit mono samples at 16 kHz; the output lags by up to 20 ms."""
        self._heard = np.concatenate([self._heard, np.frombuffer(audio, np.int16)])
        count = (len(self._heard) - self._WINDOW) // self._HOP + 1
        if count <= 0:
            return b""
        starts = self._HOP * np.arange(count)
        frames = self._heard[starts[:, None] + np.arange(self._WINDOW)] * self._window
        spectrum = np.fft.rfft(frames, axis=1)
        gains = np.exp(self._inputs(spectrum) @ self._FIT / 2)
        for band, bins in enumerate(self._high):
            shape = (count, len(bins))
            noise = self._rng.normal(size=shape) + 1j * self._rng.normal(size=shape)
            spectrum[:, bins] = noise / np.sqrt(2) * gains[:, band : band + 1]
        made = np.fft.irfft(spectrum, self._WINDOW, axis=1) * self._window
        out = made[:, : self._HOP].copy()
        out[0] += self._tail
        out[1:] += made[:-1, self._HOP :]
        self._tail = made[-1, self._HOP :]
        self._heard = self._heard[count * self._HOP :]
        return out.clip(-32767, 32767).astype(np.int16).tobytes()

    def _inputs(self, spectrum: np.ndarray) -> np.ndarray:
        power = np.abs(spectrum) ** 2
        # The floor keeps digital silence finite; ten centres the logarithms.
        low = np.log(np.stack([power[:, bins].mean(1) for bins in self._low], 1) + 300.0) - 10
        dull, bright = low[:, :3].mean(1, keepdims=True), low[:, 3:].mean(1, keepdims=True)
        ones = np.ones((len(low), 1))
        return np.hstack([ones, low, (bright - dull) ** 2, dull * bright, bright**2])


class Ear:
    """What all calls of one bot share: its language model, its dictionary and idle decoders."""

    _shared: dict[str, Ear] = {}  # noqa: RUF012 - one per process on purpose
    _building = threading.Lock()

    @classmethod
    def shared(
        cls,
        sample_lines: Sequence[str] = (),
        keyterms: Sequence[str] = (),
        *,
        telephone: bool = False,
        cache_dir: Path | None = None,
    ) -> Ear:
        """The ear for these lines, built by the first who asks; blocks for about a second then.

        Args:
            sample_lines: What callers of this bot say.
            keyterms: Words and names that matter to it.
            telephone: Whether the sound was cut off at 3.4 kHz on its way.
            cache_dir: Where built models are kept between processes; None keeps none.

        Raises:
            RuntimeError: pocketsphinx cannot load its model.
        """
        lines = tuple(" ".join(words_of(line)) for line in (*sample_lines, *keyterms))
        key = content_key(lines, telephone=telephone)
        with cls._building:
            if key not in cls._shared:
                cls._shared[key] = cls(lines, telephone=telephone, cache_dir=cache_dir)
            return cls._shared[key]

    def __init__(
        self,
        lines: Sequence[str],
        *,
        telephone: bool = False,
        cache_dir: Path | None = None,
        mixture: Mixture | None = None,
    ) -> None:
        self._telephone = telephone
        self._idle: queue.LifoQueue[pocketsphinx.Decoder] = queue.LifoQueue(_MOST_IDLE_DECODERS)
        mixture = mixture or Mixture()
        with tempfile.TemporaryDirectory(prefix="switchboard-ear-") as scratch:
            model = _model_files(lines, mixture, cache_dir or Path(scratch))
            self._dictionary_text = model.dictionary.read_text()
            self._model = pocketsphinx.NGramModel(
                pocketsphinx.Config(**_WEIGHTS), pocketsphinx.LogMath(), str(model.arpa)
            )
        self.give_back(self.decoder())

    @property
    def telephone(self) -> bool:
        return self._telephone

    def decoder(self) -> pocketsphinx.Decoder:
        """An idle decoder or a new one, which takes about 0.1 s to make."""
        try:
            decoder = self._idle.get_nowait()
        except queue.Empty:
            decoder = self._new_decoder()
        decoder.set_cmn(_FIRST_MEAN[self._telephone])
        return decoder

    def give_back(self, decoder: pocketsphinx.Decoder) -> None:
        """Keeps a decoder that is between utterances for the next call."""
        try:
            self._idle.put_nowait(decoder)
        except queue.Full:
            log.debug("enough idle decoders; one is let go")

    def transcribe(self, audio: bytes) -> str:
        """The words in one utterance of 16-bit mono samples at 16 kHz, decoded here and now."""
        decoder = self.decoder()
        utterance = Utterance(decoder, telephone=self._telephone)
        for start in range(0, len(audio), _BITE_BYTES):
            utterance.hear(audio[start : start + _BITE_BYTES])
        text = utterance.finish()
        self.give_back(decoder)
        return text

    def _new_decoder(self) -> pocketsphinx.Decoder:
        with tempfile.TemporaryDirectory(prefix="switchboard-ear-") as scratch:
            dictionary = Path(scratch) / "words.dict"
            dictionary.write_text(self._dictionary_text)
            decoder = pocketsphinx.Decoder(
                hmm=pocketsphinx.get_model_path("en-us/en-us"),
                dict=str(dictionary),
                lm=None,
                bestpath=True,
                fwdflat=False,
                loglevel="FATAL",
                **_WEIGHTS,
                **_BEAMS,
            )
        decoder.add_lm("call", self._model)
        decoder.activate_search("call")
        return decoder


class Utterance:
    """One stretch of speech in a decoder, from its first sample to its words."""

    def __init__(self, decoder: pocketsphinx.Decoder, *, telephone: bool) -> None:
        self._decoder = decoder
        self._high_band = HighBand() if telephone else None
        decoder.start_utt()

    def hear(self, audio: bytes) -> None:
        if self._high_band is not None:
            audio = self._high_band.extend(audio)
        if audio:
            self._decoder.process_raw(audio)

    def words(self) -> str:
        hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""

    def finish(self) -> str:
        self._decoder.end_utt()
        return self.words()


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
        for start in range(0, len(samples), _BITE_BYTES):
            current.speech.hear(samples[start : start + _BITE_BYTES])
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
    unreported_bytes: int = field(default=0)


@dataclass(frozen=True)
class _ModelFiles:
    arpa: Path
    dictionary: Path


def content_key(
    lines: Sequence[str], *, telephone: bool = False, mixture: Mixture | None = None
) -> str:
    """A file-name-safe key that changes with anything that changes the model."""
    parts = [str(_MODEL_VERSION), str(telephone), str(asdict(mixture or Mixture())), *lines]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _model_files(lines: Sequence[str], mixture: Mixture, folder: Path) -> _ModelFiles:
    key = content_key(lines, mixture=mixture)
    files = _ModelFiles(folder / f"ear-{key}.arpa", folder / f"ear-{key}.dict")
    if files.arpa.exists() and files.dictionary.exists():
        return files
    arpa, dictionary = _build(lines, mixture)
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in ((files.dictionary, dictionary), (files.arpa, arpa)):
        # Two processes may build the same model; each file appears whole or not at all.
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(text)
        part.replace(path)
    return files


def _build(lines: Sequence[str], mixture: Mixture) -> tuple[str, str]:
    sounds = _pronunciations()
    talk = PhoneTalk(random.Random(7))
    weighted = [(mixture.line_weight, line.split()) for line in lines]
    for line in lines:
        others = talk.variants(line, 40)
        weighted += [(mixture.variant_weight / 40, other.split()) for other in others]
    for word in sorted({word for _, words in weighted for word in words} - sounds.keys()):
        spelled = pronunciation_by_spelling(word)
        log.info("%r is not in the dictionary; pronounced %s", word, spelled or "never")
        if spelled:
            sounds[word] = [spelled]
    weighted += [(weight, words_of(line)) for weight, line in talk.weighted_lines()]
    said = [(weight, [word for word in words if word in sounds]) for weight, words in weighted]
    general = GeneralModel.read(Path(pocketsphinx.get_model_path("en-us/en-us.lm.bin")))
    arpa, vocabulary = mixed_arpa(
        [(weight, words) for weight, words in said if words], general, sounds.keys(), mixture
    )
    entries = (
        f"{word}{'' if place == 1 else f'({place})'} {phones}"
        for word in vocabulary
        for place, phones in enumerate(sounds[word], start=1)
    )
    return arpa, "\n".join(entries) + "\n"


def _pronunciations() -> dict[str, list[str]]:
    sounds: dict[str, list[str]] = {}
    path = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, phones = line.partition(" ")
        sounds.setdefault(word.partition("(")[0], []).append(phones.strip())
    return sounds
