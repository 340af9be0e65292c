import warnings

import numpy as np
import pytest

from rehearsal import mulaw

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    audioop = pytest.importorskip("audioop")


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (0, 0xFF),
        (-1, 0x7F),
        (32767, 0x80),
        (-32768, 0x00),
        (-32635, 0x00),
        (132, 0xEF),
        (1000, 0xCE),
    ],
)
def test_known_samples_get_the_codes_of_the_standard(sample: int, code: int) -> None:
    assert mulaw.encode(np.array([sample], np.int16)) == bytes([code])


def test_every_code_means_the_level_that_other_telephones_hear() -> None:
    codes = bytes(range(256))
    reference = np.frombuffer(audioop.ulaw2lin(codes, 2), np.int16)
    assert np.array_equal(mulaw.decode(codes), reference)


def test_every_sample_comes_back_within_half_a_step() -> None:
    samples = np.arange(-32768, 32768, dtype=np.int16)
    back = mulaw.decode(mulaw.encode(samples)).astype(int)
    reference = np.frombuffer(audioop.ulaw2lin(audioop.lin2ulaw(samples.tobytes(), 2), 2), np.int16)
    errors = np.abs(back - samples.astype(int))
    assert errors.sum() <= np.abs(reference.astype(int) - samples.astype(int)).sum()
    assert np.all(errors <= np.maximum(8, np.abs(samples.astype(int)) // 16))


def test_every_code_survives_decoding_and_encoding() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # minus zero becomes plus zero
    assert mulaw.encode(mulaw.decode(codes)) == codes
