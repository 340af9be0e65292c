"""The C library espeak-ng, loaded from the `espeakng-loader` wheel."""

import ctypes
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from services.embedded.espeak_installed import Installed, list_installed
from services.embedded.espeak_sound import SAMPLE_RATE_HZ
from services.embedded.espeak_voice import VoiceSpec

_MISSING = 'The embedded voice needs the "embedded" extra: pip install "switchboard[embedded]".'

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_END_PAUSE = 0x1000
_LIST_END, _WORD = 0, 1
_RATE, _VOLUME, _PITCH, _RANGE, _WORD_GAP = 1, 2, 3, 4, 7
_PLAIN_VOLUME = 100


class EspeakError(RuntimeError):
    """espeak-ng is missing, cannot start, or refused a text."""


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


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_Heard = Callable[[np.ndarray, list[tuple[int, int]]], bool]


class Library:
    """The C library: one text at a time, under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._c: ctypes.CDLL | None = None
        self._installed: Installed | None = None
        self._heard: _Heard | None = None
        self._failure: Exception | None = None
        # ctypes keeps no reference of its own: without this one the callback would be collected.
        self._callback = _Callback(self._on_audio)

    def render(self, text: str, spec: VoiceSpec, heard: _Heard) -> None:
        """Speak `text`; `heard(samples, [(text_position, at_sample)])` returns True to stop."""
        c = self._open()
        encoded = text.encode("utf-8")
        # By its file: espeak-ng finds no voice by a language code that is no file's name.
        name = self.installed().voices[spec.voice] + (f"+{spec.variant}" if spec.variant else "")
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

    def installed(self) -> Installed:
        """Return the voices and variants there are."""
        if self._installed is None:
            with self.lock:
                self._open()
        assert self._installed is not None
        return self._installed

    def _open(self) -> ctypes.CDLL:
        if self._c is not None:
            return self._c
        try:
            import espeakng_loader

            library, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
            c = ctypes.CDLL(library)
        except ImportError as e:
            raise EspeakError(_MISSING) from e
        except (OSError, RuntimeError) as e:
            raise EspeakError(f"espeak-ng does not load: {e}") from e
        rate_hz = c.espeak_Initialize(_SYNCHRONOUS, 20, data.encode(), _DONT_EXIT)
        if rate_hz != SAMPLE_RATE_HZ:
            raise EspeakError(f"espeak-ng cannot start with its data in {data} (gave {rate_hz}).")
        c.espeak_SetSynthCallback(self._callback)
        try:
            self._installed = list_installed(c, Path(data))
        except OSError as e:
            raise EspeakError(f"espeak-ng cannot read its voices in {data}: {e}") from e
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
