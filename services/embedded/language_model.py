"""The language model of the embedded recogniser: a bot's own lines, the talk every phone call
needs, and the most useful part of the general English model, mixed into one n-gram model.

The mix is hierarchical: what was counted in the lines is trusted in proportion to how often its
context was seen, and the rest is left to the next shorter context and, at the bottom, to general
English. A context the lines never had is therefore general English alone, which is what lets
words from outside the domain survive.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.embedded.general_english import GeneralModel

START, END = "<s>", "</s>"


@dataclass(frozen=True)
class Mixture:
    """How much the parts of the mixed model weigh; the defaults were chosen by measurement.

    Parameters:
        general_words: How many of the commonest general words take part.
        general_bigrams: How many general bigrams among them are kept.
        general_share: Share of general English in the probability of a word without context.
        word_trust, pair_trust: How many sightings of a one-word (two-word) context weigh as much
            as everything the shorter context says.
        variant_weight: Sightings of a sample line with other digits or weekdays, all together.
        line_weight: Sightings one sample line counts for.
    """

    general_words: int = 2500
    general_bigrams: int = 40_000
    general_share: float = 0.15
    word_trust: float = 0.3
    pair_trust: float = 0.1
    variant_weight: float = 8.0
    line_weight: float = 4.0


def mixed_arpa(
    lines: Iterable[tuple[float, Sequence[str]]],
    general: GeneralModel,
    pronounceable: Collection[str],
    mixture: Mixture,
) -> tuple[str, list[str]]:
    """Builds the mixed trigram model.

    Args:
        lines: (weight, words) of what callers say; words must be pronounceable.
        general: General English.
        pronounceable: Words with a pronunciation; only these take part.
        mixture: The weights.

    Returns:
        The model in ARPA format and its words, without the sentence marks.
    """
    unigram, bigram, trigram = _counts(lines)
    base = _base_bigrams(general, pronounceable, mixture)
    share = mixture.general_share

    total = sum(unigram.values())
    prob1 = {word: share * prob for word, prob in base.unigrams.items()}
    for word, count in unigram.items():
        prob1[word] = prob1.get(word, 0.0) + (1 - share) * count / total
    scale = sum(prob1.values())
    prob1 = {word: prob / scale for word, prob in prob1.items()}

    prob2: dict[str, dict[str, float]] = {}
    backoff1: dict[str, float] = {}
    for word in (START, *prob1):
        if word == END:
            continue
        counts, listed = bigram.get(word, {}), base.bigrams.get(word, {})
        seen = sum(counts.values())
        # Mass that the general model gives to unlisted followers of this word.
        rest = base.rest(word, listed, prob1)
        trust = mixture.word_trust
        row = {
            follower: (counts.get(follower, 0.0) + trust * listed.get(follower, 0.0))
            / (seen + trust)
            if follower in listed
            else (counts[follower] + trust * rest * prob1[follower]) / (seen + trust)
            for follower in listed.keys() | counts.keys()
        }
        backoff1[word] = _leftover(row, prob1)
        prob2[word] = row

    prob3: dict[tuple[str, str], dict[str, float]] = {}
    backoff2: dict[tuple[str, str], float] = {}
    for (first, second), counts in trigram.items():
        if second == END:
            continue
        seen, trust = sum(counts.values()), mixture.pair_trust
        lower = prob2[second]
        row = {
            follower: (count + trust * lower.get(follower, prob1[follower] * backoff1[second]))
            / (seen + trust)
            for follower, count in counts.items()
        }
        shorter = {word: lower.get(word, prob1[word] * backoff1[second]) for word in row}
        backoff2[first, second] = _leftover(row, shorter)
        prob3[first, second] = row

    text = "\n".join(_arpa_lines(prob1, backoff1, prob2, backoff2, prob3)) + "\n"
    return text, sorted(prob1.keys() - {END})


def _counts(
    lines: Iterable[tuple[float, Sequence[str]]],
) -> tuple[dict[str, float], dict[str, dict[str, float]], dict[tuple[str, str], dict[str, float]]]:
    unigram: dict[str, float] = defaultdict(float)
    bigram: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    trigram: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for weight, words in lines:
        said = [START, *words, END]
        for place, word in enumerate(said[1:], start=1):
            unigram[word] += weight
            bigram[said[place - 1]][word] += weight
            if place > 1:
                trigram[said[place - 2], said[place - 1]][word] += weight
    return unigram, bigram, trigram


@dataclass(frozen=True)
class _Base:
    unigrams: dict[str, float]
    bigrams: dict[str, dict[str, float]]

    def rest(self, word: str, listed: dict[str, float], prob1: dict[str, float]) -> float:
        free = 1.0 - sum(listed.values())
        return max(free, 1e-4) / max(1.0 - sum(prob1[follower] for follower in listed), 1e-4)


def _base_bigrams(general: GeneralModel, pronounceable: Collection[str], mixture: Mixture) -> _Base:
    usable = np.array([word in pronounceable or word in (START, END) for word in general.words])
    ranked = np.argsort(-np.where(usable, general.unigrams, -np.inf))
    kept = np.zeros(len(general.words), bool)
    kept[ranked[: mixture.general_words]] = True
    kept &= usable
    for mark in (START, END):
        kept[general.words.index(mark)] = True

    pairs = np.flatnonzero(kept[general.first] & kept[general.second])
    often = general.unigrams[general.first[pairs]] + general.bigrams[pairs]
    pairs = pairs[np.argsort(-often)[: mixture.general_bigrams]]

    words = general.words
    unigrams = {
        words[index]: math.exp(general.unigrams[index])
        for index in np.flatnonzero(kept)
        if words[index] != START
    }
    scale = sum(unigrams.values())
    bigrams: dict[str, dict[str, float]] = defaultdict(dict)
    for first, second, log_prob in zip(
        general.first[pairs].tolist(),
        general.second[pairs].tolist(),
        general.bigrams[pairs].tolist(),
        strict=True,
    ):
        if words[second] != START:
            bigrams[words[first]][words[second]] = math.exp(log_prob)
    return _Base({word: prob / scale for word, prob in unigrams.items()}, dict(bigrams))


def _leftover(row: dict[str, float], shorter: dict[str, float]) -> float:
    """The back-off weight that makes a context's probabilities add up to one."""
    free = 1.0 - sum(row.values())
    taken = sum(shorter[word] for word in row)
    return max(free, 1e-5) / max(1.0 - taken, 1e-5)


def _arpa_lines(
    prob1: dict[str, float],
    backoff1: dict[str, float],
    prob2: dict[str, dict[str, float]],
    backoff2: dict[tuple[str, str], float],
    prob3: dict[tuple[str, str], dict[str, float]],
) -> Iterator[str]:
    log = math.log10
    yield "\\data\\"
    yield f"ngram 1={len(prob1) + 1}"
    yield f"ngram 2={sum(map(len, prob2.values()))}"
    yield f"ngram 3={sum(map(len, prob3.values()))}"
    yield "\n\\1-grams:"
    yield f"-99 {START} {log(backoff1[START]):.4f}"
    for word, prob in sorted(prob1.items()):
        yield f"{log(prob):.4f} {word} {log(backoff1.get(word, 1.0)):.4f}"
    yield "\n\\2-grams:"
    for first, row in sorted(prob2.items()):
        for second, prob in sorted(row.items()):
            weight = log(backoff2.get((first, second), 1.0))
            yield f"{log(prob):.4f} {first} {second} {weight:.4f}"
    yield "\n\\3-grams:"
    for (first, second), row in sorted(prob3.items()):
        for third, prob in sorted(row.items()):
            yield f"{log(prob):.4f} {first} {second} {third}"
    yield "\n\\end\\"
