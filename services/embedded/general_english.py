"""Reads the general English model that comes with the recogniser."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class GeneralModel:
    """The unigrams and bigrams of the general model, as natural logarithms.

    Parameters:
        words: Every word, in the order of its index.
        unigrams: Log probability per word.
        backoffs: Log back-off weight per word.
        first, second: Word indices per bigram.
        bigrams: Log probability per bigram.
    """

    words: list[str]
    unigrams: np.ndarray
    backoffs: np.ndarray
    first: np.ndarray
    second: np.ndarray
    bigrams: np.ndarray

    @staticmethod
    def read(path: Path) -> GeneralModel:
        """Reads a pocketsphinx trie file (`*.lm.bin`) of order 3.

        The recogniser's own `NGramModel` answers single questions only and its writer fails on
        this file, hence a reader.

        Raises:
            ValueError: The file is not a trie of order 3.
        """
        raw = path.read_bytes()
        header = b"Trie Language Model\x03"
        if not raw.startswith(header):
            raise ValueError(f"{path.name} is not an order 3 pocketsphinx trie")
        at = len(header)
        counts = struct.unpack_from("<3I", raw, at)
        at += 12 + 4
        steps = 1 << 16
        table = np.frombuffer(raw, "<f4", steps, at)
        at += 3 * steps * 4
        entry = np.dtype([("prob", "<f4"), ("backoff", "<f4"), ("next", "<u4")])
        unigram = np.frombuffer(raw, entry, counts[0] + 1, at)
        at += entry.itemsize * (counts[0] + 1)

        word_bits, next_bits = counts[0].bit_length(), counts[2].bit_length()
        entry_bits = word_bits + 32 + next_bits
        size = ((1 + counts[1]) * entry_bits + 7) // 8 + 8
        packed = np.frombuffer(raw, np.uint8, size, at)
        at += size + ((1 + counts[2]) * (word_bits + 16) + 7) // 8 + 8
        (names_size,) = struct.unpack_from("<I", raw, at)
        words = raw[at + 4 : at + 4 + names_size].decode().split("\0")[: counts[0]]

        first = np.repeat(np.arange(counts[0]), np.diff(unigram["next"].astype(np.int64)))
        offsets = np.arange(len(first), dtype=np.int64) * entry_bits
        second = _bits(packed, offsets, word_bits)
        bigrams = table[_bits(packed, offsets + word_bits + 16, 16)]
        # The file counts in powers of 1.0001.
        scale = math.log(1.0001)
        return GeneralModel(
            words=words,
            unigrams=unigram["prob"][: counts[0]] * scale,
            backoffs=unigram["backoff"][: counts[0]] * scale,
            first=first,
            second=second,
            bigrams=bigrams * scale,
        )


def _bits(packed: np.ndarray, offsets: np.ndarray, width: int) -> np.ndarray:
    start, shift = offsets >> 3, (offsets & 7).astype(np.uint64)
    value = np.zeros(len(offsets), np.uint64)
    for byte in range(4):
        value |= packed[start + byte].astype(np.uint64) << np.uint64(8 * byte)
    return ((value >> shift) & np.uint64((1 << width) - 1)).astype(np.int64)
