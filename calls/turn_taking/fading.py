"""When a voice fell silent, known sooner than a detector of voices knows it."""

import audioop

# So far below the loudest of the last second or two nothing of a vowel is left (-20 dB), and
# nothing of a consonant but the closure before it (-30 dB).
_FAINT = 0.1
_STILL = 0.03
_LEVEL_HALVES_IN_S = 1.0
_LEAST_RMS = 50.0


class Fading:
    """Follows how loud the caller is, against how loud the caller was.

    A detector of voices takes a while to be sure of a silence, and tells late when it began. The
    bare level says at once that the voice has stopped, and does not know whether it was one. In a
    noise that is not much fainter than the voice it says nothing.

    Attributes:
        quiet_s: How long there has been nothing but faint sounds; 0 while there is more.
        still_s: How long there has been next to nothing.
    """

    def __init__(self) -> None:
        self.quiet_s = self.still_s = 0.0
        self._level = _LEAST_RMS

    def hear(self, audio: bytes, rate_hz: int) -> None:
        """The next audio, 16-bit mono."""
        seconds, rms = len(audio) / 2 / rate_hz, audioop.rms(audio, 2)
        self._level = max(rms, _LEAST_RMS, self._level * 0.5 ** (seconds / _LEVEL_HALVES_IN_S))
        self.quiet_s = self.quiet_s + seconds if rms < _FAINT * self._level else 0.0
        self.still_s = self.still_s + seconds if rms < _STILL * self._level else 0.0
