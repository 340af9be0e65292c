"""The files a decoder needs for one bot, built once and kept: its language model and dictionary."""

from __future__ import annotations

import hashlib
import logging
import os
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pocketsphinx

from services.embedded.general_english import GeneralModel
from services.embedded.language_model import Mixture, mixed_arpa
from services.embedded.phone_talk import PhoneTalk, words_of
from services.embedded.pronunciation import pronunciation_by_spelling, pronunciations

log = logging.getLogger(__name__)

# Part of the cache key: raise it when the generic material or the mixing changes.
_MODEL_VERSION = 2


@dataclass(frozen=True)
class ModelFiles:
    arpa: Path
    dictionary: Path


def content_key(
    lines: Sequence[str], *, telephone: bool = False, mixture: Mixture | None = None
) -> str:
    """A file-name-safe key that changes with anything that changes the model."""
    parts = [str(_MODEL_VERSION), str(telephone), str(asdict(mixture or Mixture())), *lines]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def model_files(lines: Sequence[str], mixture: Mixture, folder: Path) -> ModelFiles:
    key = content_key(lines, mixture=mixture)
    files = ModelFiles(folder / f"ear-{key}.arpa", folder / f"ear-{key}.dict")
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
    sounds = pronunciations()
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
