"""The text of one stretch of speech, word by word, whoever speaks it."""

import asyncio
from dataclasses import dataclass

from services.failover.tts.sound import letters_in


def letters(text: str) -> str:
    """What is left of a text when providers have rewritten its spaces, case and punctuation."""
    return "".join(filter(str.isalnum, text)).casefold()


@dataclass(frozen=True)
class Word:
    """One written word with something to say in it.

    Parameters:
        text: As written, with the punctuation at it.
        sentence: The number of its sentence in the speech.
        at: Where it begins in the sentence.
        letters: Its `letters`.
        length: Its `letters_in`, with those of the punctuation behind it.
    """

    text: str
    sentence: int
    at: int
    letters: str
    length: int


class Speech:
    """One audio context: sentences come in, words are told when their audio is out.

    Attributes:
        sentences: As written.
        ends: For every sentence, how many words there are up to its end.
        words: All words so far.
        told: How many of them have been put out as audio.
        noted: How many of them the listener is known to have begun to hear.
        whole: No more sentences will come.
        dropped: Nobody wants to hear the rest.
        changed: Set whenever anything happened that whoever speaks it should look at.
    """

    def __init__(self, context_id: str) -> None:
        self.context_id = context_id
        self.sentences: list[str] = []
        self.ends: list[int] = []
        self.words: list[Word] = []
        self.told = 0
        self.noted = 0
        self.whole = False
        self.dropped = False
        self.changed = asyncio.Event()

    def add(self, sentence: str) -> None:
        """Append a sentence."""
        number = len(self.sentences)
        self.sentences.append(sentence)
        at = 0
        for text in sentence.split():
            at = sentence.index(text, at)
            if said := letters(text):
                self.words.append(Word(text, number, at, said, letters_in(text)))
            at += len(text)
        self.ends.append(len(self.words))
        self.changed.set()

    def end(self) -> None:
        """No more sentences will come."""
        self.whole = True
        self.changed.set()

    def drop(self) -> None:
        """The listener has interrupted it."""
        self.dropped = True
        self.changed.set()

    def text_from(self, word: int, sentence: int) -> str:
        """What a sentence has to say from a word of the speech on, "" for nothing."""
        left = [w for w in self.words[word:] if w.sentence == sentence]
        return self.sentences[sentence][left[0].at :] if left else ""

    def length(self, first: int, last: int | None = None) -> int:
        """How much there is to say from one word to before another."""
        return sum(word.length for word in self.words[first:last])
