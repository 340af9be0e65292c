"""The phrases of a process: in memory, and on the disk behind it."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from loguru import logger

from services.phrases.phrase import Phrase, PhraseKey
from services.phrases.shelf import Shelf

# The facts beside the samples, and the objects that hold them.
_BYTES_BESIDE = 1024
# One long phrase must not drive out all others.
_LARGEST_PART = 4


class PhraseCache:
    """Finds phrases in memory, at once; the disk is read when it is opened, and written behind.

    No more than `most_bytes` are kept, in memory as on the disk; what was used longest ago goes
    first.

    Parameters:
        folder: Where they are kept between starts.
        most_bytes: Of audio.
    """

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._shelf = Shelf(folder)
        self._most_bytes = most_bytes
        self._bytes = 0
        self._phrases: OrderedDict[PhraseKey, Phrase] = OrderedDict()
        self._used: set[PhraseKey] = set()
        # One thread: what is written and removed in this order must stay in it.
        self._disk = ThreadPoolExecutor(1)
        self._opening: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._phrases)

    async def open(self) -> None:
        """Read what is on the disk, once."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._read())
        await asyncio.shield(self._opening)

    async def _read(self) -> None:
        on_disk = await asyncio.to_thread(self._shelf.read)
        fresh = list(self._phrases.items())
        self._phrases.clear()
        self._bytes = 0
        # Those that were spoken meanwhile are the latest.
        for key, phrase in (*on_disk, *fresh):
            self._take(key, phrase)
        if on_disk:
            logger.info(f"{len(self._phrases)} phrases are ready to be said")

    def find(self, key: PhraseKey) -> Phrase | None:
        """The phrase, None if it is not there."""
        phrase = self._phrases.get(key)
        if phrase is None:
            return None
        self._phrases.move_to_end(key)
        if key not in self._used:
            # Once a process: every call would wear the disk for nothing.
            self._used.add(key)
            self._disk.submit(self._shelf.used, key)
        return phrase

    def __contains__(self, key: PhraseKey) -> bool:
        return key in self._phrases

    def keep(self, key: PhraseKey, phrase: Phrase) -> None:
        """Keep a phrase from now on."""
        if _size(phrase) * _LARGEST_PART > self._most_bytes:
            logger.info(f'"{key.text}" is too long to be kept; it is spoken anew each time')
            return
        self._used.add(key)
        self._disk.submit(self._shelf.write, key, phrase)
        self._take(key, phrase)

    def written(self) -> None:
        """Wait until the disk has everything. Blocks."""
        self._disk.submit(int).result()

    def _take(self, key: PhraseKey, phrase: Phrase) -> None:
        if before := self._phrases.pop(key, None):
            self._bytes -= _size(before)
        self._phrases[key] = phrase
        self._bytes += _size(phrase)
        while self._bytes > self._most_bytes:
            oldest, given_up = self._phrases.popitem(last=False)
            self._bytes -= _size(given_up)
            self._used.discard(oldest)
            self._disk.submit(self._shelf.remove, oldest)


@cache
def cache_in(folder: Path, most_bytes: int) -> PhraseCache:
    """The cache of a folder, shared by all calls of the process."""
    return PhraseCache(folder, most_bytes=most_bytes)


def _size(phrase: Phrase) -> int:
    return len(phrase.audio) + _BYTES_BESIDE
