"""G.711 mu-law, the telephone network's 8-bit companding, in numpy."""

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]

SAMPLE_RATE_HZ = 8000
SILENCE = 0xFF

_BIAS = 132
_CLIP = 32635


def _encoding_table() -> NDArray[np.uint8]:
    # Indexed by the sample's bits read as unsigned, so that a view needs no arithmetic.
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    step = (magnitude >> (segment + 3)) & 0x0F
    sign = np.where(sample < 0, 0x80, 0)
    return (~(sign | (segment << 4) | step) & 0xFF).astype(np.uint8)


def _decoding_table() -> Pcm:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    segment, step = (code >> 4) & 0x07, code & 0x0F
    magnitude = (((step << 3) + _BIAS) << segment) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_ENCODED = _encoding_table()
_DECODED = _decoding_table()


def encode(pcm: Pcm) -> bytes:
    """Mu-law bytes, one a sample, for 16-bit samples of shape (n,)."""
    return _ENCODED[np.ascontiguousarray(pcm, dtype=np.int16).view(np.uint16)].tobytes()


def decode(mulaw: bytes | bytearray) -> Pcm:
    """16-bit samples of shape (n,) for n mu-law bytes."""
    return _DECODED[np.frombuffer(mulaw, dtype=np.uint8)]
