"""The folder in which phrases outlive the process."""

import contextlib
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path

from loguru import logger

from services.phrases.file_format import Corrupt, from_bytes, name_of, to_bytes
from services.phrases.phrase import Phrase, PhraseKey

_SUFFIX = ".phrase"
_UNFINISHED = ".unfinished"
_SOON_S = 0.001


class Shelf:
    """One file a phrase. Nothing that the disk does raises an error here: it is logged.

    How recently a phrase was used is its file's time, which only ever grows, whatever the clock
    does: a clock that jumps back does not make the newest the oldest.

    Parameters:
        folder: Made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._latest_s = 0.0
        self._unfinished = itertools.count()
        self._fails = False

    def read(self) -> list[tuple[PhraseKey, Phrase]]:
        """Every phrase, the one used longest ago first. What is none is thrown away."""
        found = [(path, *read) for path in self._oldest_first() if (read := self._read(path))]
        return [(key, phrase) for _, key, phrase in found]

    def write(self, key: PhraseKey, phrase: Phrase) -> None:
        """Keep a phrase: all of it, or none."""
        path = self._path(key)
        unfinished = path.with_suffix(f".{os.getpid()}-{next(self._unfinished)}{_UNFINISHED}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                unfinished.write_bytes(to_bytes(key, phrase))
                self._note_use(unfinished)
                unfinished.replace(path)
            except OSError:
                with contextlib.suppress(OSError):
                    unfinished.unlink()
                raise
        except OSError as error:
            self._tell(
                f'"{key.text}" is not kept on the disk, and is spoken anew next time: {error}'
            )
        else:
            self._fails = False

    def used(self, key: PhraseKey) -> None:
        """A phrase was said."""
        try:
            self._note_use(self._path(key))
        except OSError as error:
            self._tell(f'That "{key.text}" was used is not noted: {error}')

    def remove(self, key: PhraseKey) -> None:
        """Give a phrase up."""
        self._throw_away(self._path(key))

    def _oldest_first(self) -> Iterator[Path]:
        try:
            aged = [(path.stat().st_mtime, path) for path in self._folder.iterdir()]
        except FileNotFoundError:
            return
        except OSError as error:
            self._tell(f"No phrases are read from {self._folder}: {error}")
            return
        for at_s, path in sorted(aged):
            if path.suffix == _UNFINISHED:
                self._throw_away(path)
            elif path.suffix == _SUFFIX:
                self._latest_s = max(self._latest_s, at_s)
                yield path

    def _read(self, path: Path) -> tuple[PhraseKey, Phrase] | None:
        try:
            key, phrase = from_bytes(path.read_bytes())
            if path != self._path(key):
                raise Corrupt("its name is another phrase's")
        except OSError as error:
            self._tell(f"{path} cannot be read, so its phrase is spoken anew: {error}")
        except Corrupt as corrupt:
            logger.warning(f"{path} is thrown away, and its phrase spoken anew: {corrupt}")
            self._throw_away(path)
        else:
            return key, phrase
        return None

    def _note_use(self, path: Path) -> None:
        self._latest_s = max(time.time(), self._latest_s + _SOON_S)
        os.utime(path, (self._latest_s, self._latest_s))

    def _throw_away(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._tell(f"{path} cannot be removed: {error}")

    def _path(self, key: PhraseKey) -> Path:
        return self._folder / f"{name_of(key)}{_SUFFIX}"

    def _tell(self, sentence: str) -> None:
        # A disk that is full is full for every phrase.
        if not self._fails:
            self._fails = True
            logger.warning(sentence)
