"""One stretch of the bot's speech: its words, its audio, and how far that was played."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

from pipecat.utils.string import TextPartForConcatenation, concatenate_aggregated_text

from services.failover.tts.sound import USUAL_PACE, letters_in

CUT = "—"
"""Stands for the rest of a word that was cut off: "on Mon—"."""

# Of a word of which so little was played nobody could say which it was.
_NOTHING_OF_A_WORD = 0.2
_ALL_OF_A_WORD = 0.8
# Of what is longer (a whole sentence, where a script has no spaces) no more is uncertain.
_LETTERS_IN_A_LONG_WORD = 15
# As long as so many letters: the silence behind a sentence.
_LETTERS_IN_A_PAUSE = 3
# Of the seconds a letter takes; clocks round to less.
_PACE_DIGITS = 5
# Between whoever tells a word's time and whoever counts the audio.
_CLOCKS_DIFFER_S = 0.02


@dataclass(frozen=True)
class Words:
    """Words as one frame told them.

    Parameters:
        text: As written; one word, or many if the provider does not time them.
        due_s: When they begin to play, on Pipecat's clock; None if nobody knows.
        spaced: Whether the text has its own spaces around it.
    """

    text: str
    due_s: float | None
    spaced: bool = False


@dataclass(frozen=True)
class _Stretch:
    due_s: float
    from_s: float
    seconds: float


@dataclass(frozen=True)
class _Again:
    """The words from a number on are said again, from a place in the audio on."""

    first: int
    from_s: float


@dataclass
class Utterance:
    """The audio context of that name.

    Parameters:
        context_id: As the text-to-speech service named it.
        in_context: Whether the language model remembers it.
        no_answer: What it is where it is no answer, such as "apology"; "" where nobody said.
        can_be_cut: Whether an interruption ends it.

    Attributes:
        given_s: Seconds of audio on their way to the caller, played or not.
        whole: Whether no more audio comes.
        played_s: Seconds of audio that the caller has heard.
        over: Whether no more of it will be played.
        was_cleared: Whether the rest of it was dropped although nobody interrupted it.
    """

    context_id: str
    in_context: bool = True
    no_answer: str = ""
    can_be_cut: bool = True
    given_s: float = 0.0
    whole: bool = False
    played_s: float = 0.0
    over: bool = False
    was_cleared: bool = False
    _words: list[Words] = field(default_factory=list)
    _stretches: list[_Stretch] = field(default_factory=list)
    _again: list[_Again] = field(default_factory=list)

    def audio(self, due_s: float, seconds: float) -> None:
        """Audio comes that plays from `due_s` on, if nothing holds it up."""
        self._stretches.append(_Stretch(due_s, self.given_s, seconds))
        self.given_s += seconds

    def words(self, words: Words) -> None:
        """Words come, before their audio or behind it."""
        self._words.append(words)

    def taken_back(self, sound_s: float) -> float:
        """The audio behind its first `sound_s` was no speech: its words are still to be heard.

        Returns:
            Where in the audio they will be.
        """
        first = next(
            (n for n, told in enumerate(self._words) if self._begins_behind(told, sound_s)),
            len(self._words),
        )
        self._words[first:] = [replace(told, due_s=None) for told in self._words[first:]]
        self._again = [again for again in self._again if again.first < first]
        self._again.append(_Again(first, self.given_s))
        return self.given_s

    @property
    def was_taken_back(self) -> bool:
        """Whether not all of its audio was speech."""
        return bool(self._again)

    @property
    def text(self) -> str:
        """All words that were told."""
        return _joined(self._words)

    def heard(self) -> list[TextPartForConcatenation]:
        """The words whose audio was played; the last of them may be cut."""
        parts: list[Words] = []
        spoken = self._one_by_one()
        for number, (word, start_s) in enumerate(spoken):
            end_s = self._end_of(spoken, number)
            part = (self.played_s - start_s) / max(end_s - start_s, 0.001)
            unsure = min(1.0, _LETTERS_IN_A_LONG_WORD / letters_in(word.text))
            if part < unsure * _NOTHING_OF_A_WORD:
                break
            if part >= 1 - unsure * (1 - _ALL_OF_A_WORD):
                parts.append(word)
                continue
            parts.append(Words(_cut(word.text, part), word.due_s, word.spaced))
            break
        return [TextPartForConcatenation(w.text, w.spaced) for w in parts]

    def words_with_begin(self) -> list[tuple[str, float]]:
        """Every word that was told, with where it begins in the audio, in seconds."""
        return [(word.text.strip(), begins_s) for word, begins_s in self._one_by_one()]

    def _one_by_one(self) -> list[tuple[Words, float]]:
        """Every word with where it begins in the audio, in seconds."""
        spoken: list[tuple[Words, float]] = []
        again = {again.first: again.from_s for again in self._again}
        for number, told in enumerate(self._words):
            start_s = self._place_of(told.due_s) if told.due_s is not None else None
            if start_s is None:
                start_s = self._end_of(spoken, len(spoken) - 1) if spoken else 0.0
            start_s = max(start_s, again.get(number, 0.0), spoken[-1][1] if spoken else 0.0)
            for text in [told.text] if told.spaced else told.text.split():
                spoken.append((Words(text, told.due_s, told.spaced), start_s))
                start_s += letters_in(text) / USUAL_PACE
        if self.whole and not self._again and _are_estimates(spoken):
            return _spread([word for word, _ in spoken], self.given_s)
        return spoken

    def _begins_behind(self, told: Words, place_s: float) -> bool:
        if told.due_s is None:
            return False
        return self._place_of(told.due_s) > place_s - _CLOCKS_DIFFER_S

    def _end_of(self, spoken: Sequence[tuple[Words, float]], number: int) -> float:
        word, start_s = spoken[number]
        later_s = next((s for _, s in spoken[number + 1 :] if s > start_s), None)
        likely_s = start_s + letters_in(word.text) / USUAL_PACE
        if later_s is not None:
            return later_s
        return min(likely_s, self.given_s) if self.whole else likely_s

    def _place_of(self, due_s: float) -> float:
        if not self._stretches:
            return 0.0
        last = self._stretches[-1]
        if due_s >= last.due_s:
            return last.from_s + due_s - last.due_s
        for stretch in reversed(self._stretches):
            if due_s >= stretch.due_s:
                return stretch.from_s + min(due_s - stretch.due_s, stretch.seconds)
        return 0.0


def _are_estimates(spoken: Sequence[tuple[Words, float]]) -> bool:
    """Whether the words follow each other as their letters do, which no voice's words do."""
    paces = [
        round((later_s - start_s) / letters_in(word.text), _PACE_DIGITS)
        for (word, start_s), (_, later_s) in pairwise(spoken)
    ]
    likeness = max(map(paces.count, paces), default=0)
    return likeness > 1 and likeness * 2 >= len(paces)


def _spread(words: Sequence[Words], seconds: float) -> list[tuple[Words, float]]:
    """Words over the whole of their audio, by what each has to say and the pause behind it."""
    lengths = [
        letters_in(word.text) + _LETTERS_IN_A_PAUSE * word.text.endswith((".", "?", "!"))
        for word in words
    ]
    before = accumulate(lengths, initial=0)
    return [(w, seconds * n / sum(lengths)) for w, n in zip(words, before, strict=False)]


def _cut(word: str, part: float) -> str:
    """The part of a written word that was heard, and the mark."""
    return word[: max(1, round(part * len(word)))].rstrip(".,;:!?") + CUT


def _joined(words: Sequence[Words]) -> str:
    return concatenate_aggregated_text([TextPartForConcatenation(w.text, w.spaced) for w in words])
