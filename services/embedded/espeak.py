"""Speech from espeak-ng, loaded from the `espeakng-loader` wheel: no account, no download.

espeak-ng keeps its whole state in one set of globals. Everything that speaks in this process
therefore shares one library and at most one worker thread, which exists only while there is
something to say. Texts take turns piece by piece, so a long text holds up nobody for longer
than one piece takes (about 20 ms).
"""

import asyncio
import atexit
import ctypes
import queue
import re
import threading
import unicodedata
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

SAMPLE_RATE_HZ = 22050

MISSING = 'The embedded voice needs the "embedded" extra: pip install "switchboard[embedded]".'

_LEVEL_DBFS = -20.0
_LOUD = 100  # about -50 dBFS: anything quieter is silence
_KNEE = 0.8  # of full scale: louder samples are bent, not cut off
_LEAD = SAMPLE_RATE_HZ * 10 // 1000
_TAIL = SAMPLE_RATE_HZ * 150 // 1000
_CHUNK = SAMPLE_RATE_HZ * 40 // 1000
_PIECE_CHARS = 240
_SPOKEN_SYMBOLS = frozenset("%&@+=°")

_CALIBRATION = "1 2 3 4 5 6 7 8 9 10"

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_END_PAUSE = 0x1000
_LIST_END, _WORD = 0, 1
_RATE, _VOLUME, _PITCH, _RANGE, _WORD_GAP = 1, 2, 3, 4, 7
_PLAIN_VOLUME = 100


class EspeakError(RuntimeError):
    """espeak-ng is missing, cannot start, or refused a text."""


@dataclass(frozen=True)
class VoiceSpec:
    """How to speak.

    Parameters:
        voice: A language code or voice name of espeak-ng ("en-us", "de").
        variant: Who speaks it ("f3", "m3", "Annie"); "" for espeak-ng's own timbre.
        rate_wpm: Words per minute, 80 to 450.
        pitch: Height of the voice, 0 to 99.
        pitch_range: Liveliness of the melody, 0 (monotone) to 99.
        word_gap_ms: Extra silence between words, 0 to 500.
        volume: Percent of the normal level (about -20 dBFS RMS), 0 to 200.

    Raises:
        ValueError: A number lies outside its limits.
    """

    voice: str = "en-us"
    variant: str = "f3"
    rate_wpm: int = 165
    pitch: int = 50
    pitch_range: int = 60
    word_gap_ms: int = 0
    volume: int = 100

    def __post_init__(self) -> None:
        for name, low, high in (
            ("rate_wpm", 80, 450),
            ("pitch", 0, 99),
            ("pitch_range", 0, 99),
            ("word_gap_ms", 0, 500),
            ("volume", 0, 200),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}, but must lie between {low} and {high}.")

    @classmethod
    def parse(cls, name: str) -> "VoiceSpec":
        """Read "en-us", "en-us+f2" or "en-us+f2@165" (words per minute).

        Raises:
            ValueError: The name does not have this form, or the rate is out of bounds.
        """
        form = re.fullmatch(r"([^+@]+)(?:\+([^@]+))?(?:@(\d+))?", name.strip())
        if form is None:
            raise ValueError(
                f'Cannot read the voice "{name}": write it like "en-us", "en-us+f2" or '
                '"en-us+f2@165" (words per minute).'
            )
        voice, variant, rate = form.groups()
        spec = cls(voice=voice, variant=variant or "")
        return replace(spec, rate_wpm=int(rate)) if rate else spec

    def __str__(self) -> str:
        variant = f"+{self.variant}" if self.variant else ""
        return f"{self.voice}{variant}@{self.rate_wpm}"


@dataclass(frozen=True)
class Word:
    """A word of the text, with the punctuation that touches it.

    Parameters:
        text: The word as the text spells it.
        position: Index of its first character in the text.
        start_ms: When it starts, from the start of the audio.
    """

    text: str
    position: int
    start_ms: float

    @property
    def length(self) -> int:
        """Number of characters."""
        return len(self.text)


@dataclass(frozen=True)
class Chunk:
    """At most 40 ms of 16-bit mono PCM at `SAMPLE_RATE_HZ`, and the words that start there."""

    pcm: bytes
    words: tuple[Word, ...] = ()


def is_speakable(text: str) -> bool:
    """Whether anything in the text has a sound: letters, digits, money, percent and the like."""
    return any(
        unicodedata.category(char)[0] in "LN"
        or unicodedata.category(char) == "Sc"
        or char in _SPOKEN_SYMBOLS
        for char in text
    )


def voices() -> tuple[str, ...]:
    """List the language codes espeak-ng speaks.

    Raises:
        EspeakError: The library is missing or cannot start.
    """
    return _installed()[0]


def variants() -> tuple[str, ...]:
    """List the timbres any voice can be spoken in.

    Raises:
        EspeakError: The library is missing or cannot start.
    """
    return _installed()[1]


def check_voice(spec: VoiceSpec) -> VoiceSpec:
    """Return `spec` with its names spelled as espeak-ng spells them.

    Raises:
        ValueError: espeak-ng has no such voice or variant; the message lists those it has.
        EspeakError: The library is missing or cannot start.
    """
    return replace(
        spec,
        voice=_known("voice", spec.voice, voices()),
        variant=_known("variant", spec.variant, variants()) if spec.variant else "",
    )


def synthesise(text: str, spec: VoiceSpec | None = None) -> Generator[Chunk, None, None]:
    """Speak `text`, chunk by chunk, blocking the calling thread. Closing it aborts the engine.

    Raises:
        ValueError: Unknown voice or variant.
        EspeakError: The library is missing, cannot start, or refused the text.
    """
    parcels: queue.SimpleQueue[Chunk | Exception | None] = queue.SimpleQueue()
    rendering = _Rendering(text, check_voice(spec or VoiceSpec()), parcels.put)
    try:
        _engine.submit(rendering)
        while (parcel := parcels.get()) is not None:
            if isinstance(parcel, Exception):
                raise parcel
            yield parcel
    finally:
        rendering.abort()


async def stream(text: str, spec: VoiceSpec | None = None) -> AsyncGenerator[Chunk, None]:
    """Speak `text`, chunk by chunk, without blocking the event loop. Closing it aborts the engine.

    Raises:
        ValueError: Unknown voice or variant.
        EspeakError: The library is missing, cannot start, or refused the text.
    """
    loop = asyncio.get_running_loop()
    parcels: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue()

    def deliver(parcel: Chunk | Exception | None) -> None:
        try:
            loop.call_soon_threadsafe(parcels.put_nowait, parcel)
        except RuntimeError:  # the loop is closed: nobody listens any more
            rendering.abort()

    rendering = _Rendering(text, check_voice(spec or VoiceSpec()), deliver)
    try:
        _engine.submit(rendering)
        while (parcel := await parcels.get()) is not None:
            if isinstance(parcel, Exception):
                raise parcel
            yield parcel
    finally:
        rendering.abort()


def speak(text: str, spec: VoiceSpec | None = None) -> bytes:
    """Return `text` as one block of 16-bit mono PCM at `SAMPLE_RATE_HZ`.

    Raises:
        ValueError: Unknown voice or variant.
        EspeakError: The library is missing, cannot start, or refused the text.
    """
    return b"".join(chunk.pcm for chunk in synthesise(text, spec))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_Heard = Callable[[np.ndarray, list[tuple[int, int]]], bool]


class _Library:
    """The C library: one text at a time, under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._c: ctypes.CDLL | None = None
        self._heard: _Heard | None = None
        self._failure: Exception | None = None
        # ctypes keeps no reference of its own: without this one the callback would be collected.
        self._callback = _Callback(self._on_audio)

    def render(self, text: str, spec: VoiceSpec, heard: _Heard) -> None:
        """Speak `text`; `heard(samples, [(text_position, at_sample)])` returns True to stop."""
        c = self._open()
        encoded = text.encode("utf-8")
        name = f"{spec.voice}+{spec.variant}" if spec.variant else spec.voice
        if c.espeak_SetVoiceByName(name.encode("utf-8")) != 0:
            raise EspeakError(f'espeak-ng cannot load the voice "{name}".')
        for parameter, value in (
            (_RATE, spec.rate_wpm),
            (_VOLUME, _PLAIN_VOLUME),
            (_PITCH, spec.pitch),
            (_RANGE, spec.pitch_range),
            (_WORD_GAP, spec.word_gap_ms // 10),
        ):
            c.espeak_SetParameter(parameter, value, 0)
        self._heard, self._failure = heard, None
        try:
            flags = _UTF8 | _END_PAUSE
            status = c.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, flags, None, None)
        finally:
            self._heard = None
        if self._failure is not None:
            raise self._failure
        if status != 0:
            raise EspeakError(f"espeak-ng refused a text (status {status}).")

    def installed(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the language codes and the names of the variants."""
        c = self._open()
        languages = {code for voice in self._list(c, None) for code in _codes(voice.languages)}
        wanted = ctypes.create_string_buffer(b"variant")
        pattern = _Voice(languages=ctypes.cast(wanted, ctypes.c_void_p))
        names = {
            voice.identifier.decode().rpartition("/")[2]
            for voice in self._list(c, ctypes.byref(pattern))
        }
        return tuple(sorted(languages)), tuple(sorted(names, key=str.lower))

    @staticmethod
    def _list(c: ctypes.CDLL, pattern: Any) -> list[_Voice]:
        listed = c.espeak_ListVoices(pattern)
        found: list[_Voice] = []
        while listed[len(found)]:
            found.append(listed[len(found)].contents)
        return found

    def _open(self) -> ctypes.CDLL:
        if self._c is not None:
            return self._c
        try:
            import espeakng_loader

            library, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
            c = ctypes.CDLL(library)
        except ImportError as e:
            raise EspeakError(MISSING) from e
        except (OSError, RuntimeError) as e:
            raise EspeakError(f"espeak-ng does not load: {e}") from e
        c.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        rate_hz = c.espeak_Initialize(_SYNCHRONOUS, 20, data.encode(), _DONT_EXIT)
        if rate_hz != SAMPLE_RATE_HZ:
            raise EspeakError(f"espeak-ng cannot start with its data in {data} (gave {rate_hz}).")
        c.espeak_SetSynthCallback(self._callback)
        self._c = c
        return c

    def _on_audio(self, samples: Any, count: int, events: Any) -> int:
        words: list[tuple[int, int]] = []
        index = 0
        while events[index].type != _LIST_END:
            if events[index].type == _WORD:
                words.append((events[index].text_position - 1, events[index].sample))
            index += 1
        audio = (
            np.frombuffer(ctypes.string_at(samples, count * 2), np.int16)
            if samples and count > 0
            else np.empty(0, np.int16)
        )
        try:
            return int(self._heard is None or self._heard(audio, words))
        except Exception as e:  # an exception cannot cross the C frames
            self._failure = e
            return 1


class _Trim:
    """Cuts the silence around one piece: at most 10 ms before it, at most 150 ms after it."""

    def __init__(self) -> None:
        self.dropped = 0
        self._begun = False
        self._held = np.empty(0, np.int16)

    def feed(self, samples: np.ndarray) -> np.ndarray:
        """Return what is certain to be kept, in samples."""
        held = np.concatenate((self._held, samples))
        loud = np.flatnonzero(np.abs(held.astype(np.int32)) > _LOUD)
        if not loud.size:
            if not self._begun:
                surplus = max(0, held.size - _LEAD)
                self.dropped += surplus
                held = held[surplus:]
            self._held = held
            return held[:0]
        first = 0 if self._begun else max(0, int(loud[0]) - _LEAD)
        self.dropped += first
        self._begun = True
        end = int(loud[-1]) + 1
        self._held = held[end:]
        return held[first:end]

    def finish(self) -> np.ndarray:
        """Return the silence that may follow the last sound."""
        return self._held[:_TAIL] if self._begun else self._held[:0]


class _Words:
    """Turns espeak-ng's word events into the words of the text, each of them once, in order."""

    def __init__(self, text: str) -> None:
        self._words = [(match.start(), match.group()) for match in re.finditer(r"\S+", text)]
        self._starts = [start for start, _ in self._words]
        self._end = len(text)
        self._next = 0
        self._known = (0, 0.0)

    def at(self, position: int, at_ms: float) -> list[Word]:
        """Return the words due once the sound at `position` in the text starts at `at_ms`."""
        index = bisect_right(self._starts, position) - 1
        if index < self._next:
            return []
        return self._until(index, self._starts[index], at_ms) + self._until(
            index + 1, self._starts[index], at_ms
        )

    def rest(self, end_ms: float) -> list[Word]:
        """Return the words that got no event of their own before the audio ended."""
        return self._until(len(self._words), self._end, end_ms)

    def _until(self, index: int, position: int, at_ms: float) -> list[Word]:
        # espeak-ng says some neighbours in one go ("of the") and reports only the first:
        # the others are placed in between, by their distance in characters.
        known_position, known_ms = self._known
        per_char_ms = (at_ms - known_ms) / max(1, position - known_position)
        due = [
            Word(text, start, known_ms + max(0, start - known_position) * per_char_ms)
            for start, text in self._words[self._next : index]
        ]
        self._next = max(self._next, index)
        self._known = (position, at_ms)
        return due


@dataclass
class _Rendering:
    """One text on its way through the engine."""

    text: str
    spec: VoiceSpec
    deliver: Callable[[Chunk | Exception | None], None]
    aborted: bool = False
    pieces: deque[tuple[int, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.pieces = deque(_pieces(_pronounceable(self.text)))
        self._words = _Words(self.text)
        self._due: list[Word] = []
        self._ready = np.empty(0, np.int16)
        self._made = 0

    def abort(self) -> None:
        """Stop within one buffer of audio (60 ms of speech, well below 1 ms of work)."""
        self.aborted = True

    def step(self, library: _Library) -> bool:
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

    def _speak(self, library: _Library, offset: int, piece: str) -> None:
        trim, gain, begin = _Trim(), _gain(library, self.spec), self._made

        def heard(samples: np.ndarray, words: Sequence[tuple[int, int]]) -> bool:
            self._add(trim.feed(_levelled(samples, gain)))
            for position, at_sample in words:
                at = begin + max(0, at_sample - trim.dropped)
                self._due += self._words.at(offset + position, _ms(at))
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
        self._due += self._words.rest(_ms(self._made))
        if not self._ready.size and self._due:
            self.deliver(Chunk(b"", tuple(self._due)))
        self._send(1)


class _Engine:
    """Takes the renderings in turn, one piece each, on a thread that ends with the last one."""

    def __init__(self) -> None:
        self.library = _Library()
        self._lock = threading.Lock()
        self._waiting: deque[_Rendering] = deque()
        self._worker: threading.Thread | None = None
        self._closed = False

    def submit(self, rendering: _Rendering) -> None:
        """Queue a rendering, and start the worker if it rests."""
        with self._lock:
            if self._closed:
                raise EspeakError("The interpreter is shutting down.")
            self._waiting.append(rendering)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="espeak-ng", daemon=True)
                self._worker.start()

    def close(self) -> None:
        """Abort everything, so that no C code runs while the interpreter goes away."""
        with self._lock:
            self._closed = True
            worker = self._worker
            for rendering in self._waiting:
                rendering.abort()
        if worker is not None:
            worker.join(timeout=1)

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

    def _take(self) -> _Rendering | None:
        with self._lock:
            if self._waiting:
                return self._waiting[0]
            self._worker = None
            return None


_engine = _Engine()
atexit.register(_engine.close)


@lru_cache(maxsize=1)
def _installed() -> tuple[tuple[str, ...], tuple[str, ...]]:
    with _engine.library.lock:
        return _engine.library.installed()


def _codes(languages: int | None) -> list[str]:
    """Read espeak-ng's list of (priority byte, code, NUL), which ends with a zero priority."""
    codes: list[str] = []
    address = languages
    while address and (entry := ctypes.string_at(address)):
        codes.append(entry[1:].decode())
        address += len(entry) + 1
    return codes


def _known(kind: str, name: str, available: Sequence[str]) -> str:
    found = {known.lower(): known for known in available}.get(name.lower())
    if found is None:
        raise ValueError(f'espeak-ng has no {kind} "{name}". Available: {", ".join(available)}.')
    return found


def _pronounceable(text: str) -> str:
    """Blank what has no sound of its own (emoji, controls); every position stays where it was."""
    return "".join(" " if _is_mute(char) else char for char in text)


def _is_mute(char: str) -> bool:
    category = unicodedata.category(char)
    pictogram = category in ("So", "Sk") and char > "\u2190"
    return pictogram or category[0] == "C" or char in "\u20e3\ufe0e\ufe0f"


def _pieces(text: str) -> list[tuple[int, str]]:
    """Cut a text, at the ends of sentences where it has any, into (position, piece)."""
    pieces: list[tuple[int, str]] = []
    start = 0
    while start < len(text):
        end = start + _cut(text[start : start + _PIECE_CHARS + 1])
        if is_speakable(text[start:end]):
            pieces.append((start, text[start:end]))
        start = end
    return pieces


def _cut(window: str) -> int:
    if len(window) <= _PIECE_CHARS:
        return len(window)
    for border in (r"[.!?…][\"'”’)\]]*\s", r"[,;:–—]\s", r"\s"):
        if ends := [match.end() for match in re.finditer(border, window)]:
            return ends[-1]
    return _PIECE_CHARS


def _ms(samples: int) -> float:
    return samples * 1000 / SAMPLE_RATE_HZ


_gains: dict[VoiceSpec, float] = {}


def _gain(library: _Library, spec: VoiceSpec) -> float:
    """Return the factor that brings this voice, which differ by 15 dB, to the normal level."""
    plain = replace(spec, volume=100)
    if plain not in _gains:
        heard: list[np.ndarray] = []

        def collect(samples: np.ndarray, _: list[tuple[int, int]]) -> bool:
            heard.append(samples)
            return False

        library.render(_CALIBRATION, plain, collect)
        samples = np.concatenate(heard).astype(np.float64) / 32768
        spoken = samples[: samples.size // 441 * 441].reshape(-1, 441)
        power = (spoken**2).mean(axis=1)
        power = power[power > power.max(initial=0.0) / 1000]
        rms = float(np.sqrt(power.mean())) if power.size else 1.0
        _gains[plain] = 10 ** (_LEVEL_DBFS / 20) / max(rms, 1e-4)
    return _gains[plain] * spec.volume / 100


def _levelled(samples: np.ndarray, gain: float) -> np.ndarray:
    scaled = samples.astype(np.float32) * (gain / 32768)
    loudness = np.abs(scaled)
    if loudness.max(initial=0.0) > _KNEE:
        bent = _KNEE + (1 - _KNEE) * np.tanh((loudness - _KNEE) / (1 - _KNEE))
        scaled = np.where(loudness > _KNEE, np.copysign(bent, scaled), scaled)
    return (scaled * 32767).astype(np.int16)
