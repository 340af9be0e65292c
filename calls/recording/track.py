"""One side of a call: samples on the call's clock, as far as they may still change."""

import numpy as np

CHUNK_S = 0.5
"""Sound is written, sealed and read in chunks of this length."""

HISTORY_S = 10.0
"""So long audio may come late, or be found not to have been heard, and still be put right."""

Samples = np.ndarray
"""16-bit, of shape (n,)."""


class Track:
    """Samples by their place in the call. What nobody put is silence and costs nothing.

    Parameters:
        rate_hz: Of the samples.

    Attributes:
        changed: The chunks that were changed, for whoever writes them to empty.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.chunk_size = round(rate_hz * CHUNK_S)
        self.changed: set[int] = set()
        self._chunks: dict[int, Samples] = {}
        self._first = 0

    def put(self, at: int, samples: Samples) -> None:
        """Samples that begin at sample number `at`. What is too late to be kept is dropped."""
        skip = max(0, self._first * self.chunk_size - at)
        at, samples = at + skip, samples[skip:]
        while samples.size:
            index, offset = divmod(at, self.chunk_size)
            count = min(samples.size, self.chunk_size - offset)
            if index not in self._chunks:
                self._chunks[index] = np.zeros(self.chunk_size, np.int16)
            self._chunks[index][offset : offset + count] = samples[:count]
            self.changed.add(index)
            at, samples = at + count, samples[count:]

    def clear(self, from_: int) -> None:
        """Silence from a sample on."""
        from_ = max(from_, self._first * self.chunk_size)
        for index in [i for i in self._chunks if (i + 1) * self.chunk_size > from_]:
            offset = max(0, from_ - index * self.chunk_size)
            self._chunks[index][offset:] = 0
            self.changed.add(index)

    def at(self, index: int) -> Samples | None:
        """A copy of a chunk; None: all of it silence."""
        chunk = self._chunks.get(index)
        return None if chunk is None else chunk.copy()

    def around(self, index: int, margin: int) -> Samples | None:
        """A copy of a chunk with so many samples before and behind it; None: all of it silence."""
        near = [self._chunks.get(i) for i in (index - 1, index, index + 1)]
        if all(chunk is None for chunk in near):
            return None
        silence = np.zeros(self.chunk_size, np.int16)
        whole = np.concatenate([silence if chunk is None else chunk for chunk in near])
        return whole[self.chunk_size - margin : 2 * self.chunk_size + margin]

    @property
    def held_bytes(self) -> int:
        """How much of it is in memory."""
        return sum(chunk.nbytes for chunk in self._chunks.values())

    def forget_before(self, index: int) -> None:
        """The chunks before this one change no more."""
        self._first = max(self._first, index)
        for old in [i for i in self._chunks if i < index - 1]:
            del self._chunks[old]
