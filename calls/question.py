"""What a caller asks, so that one question in different words is the same question."""

from dataclasses import dataclass
from itertools import chain

from calls.turn_taking.words import words_of

_CONTRACTED = {
    "hows": "how is",
    "im": "i am",
    "ive": "i have",
    "theyre": "they are",
    "whats": "what is",
    "whens": "when is",
    "wheres": "where is",
    "whos": "who is",
    "youre": "you are",
    "youve": "you have",
}
_COURTESIES = tuple(
    tuple(phrase.split())
    for phrase in (
        "a quick question",
        "actually",
        "alright",
        "and",
        "excuse me",
        "good afternoon",
        "good evening",
        "good morning",
        "hello",
        "hey",
        "hi",
        "i have a question",
        "just",
        "now",
        "ok",
        "okay",
        "one question",
        "one more question",
        "one more thing",
        "please",
        "quick question",
        "so",
        "sorry",
        "thank you",
        "thank you very much",
        "thanks",
        "there",
        "well",
        "yes",
    )
)
# After these the verb comes last: "tell me when you are open".
_INDIRECT = tuple(
    tuple(phrase.split())
    for phrase in (
        "can you tell me",
        "can you please tell me",
        "could you tell me",
        "could you please tell me",
        "do you know",
        "i need to know",
        "i want to know",
        "i wanted to ask",
        "i wanted to know",
        "i was wondering",
        "i would like to know",
        "id like to know",
        "may i ask",
        "tell me",
        "would you tell me",
    )
)
_ONLY_IN_DIRECT = frozenset(("do", "does", "if", "whether"))


@dataclass(frozen=True)
class Question:
    """The words of a question.

    Parameters:
        words: In order; where it was asked indirectly, sorted.
        is_indirect: Whether it followed "can you tell me" or the like.
    """

    words: tuple[str, ...]
    is_indirect: bool = False

    @property
    def indirect(self) -> "Question":
        """The same question when it is asked indirectly."""
        return Question(_in_any_order(self.words), is_indirect=True)


def question_in(text: str) -> Question:
    """The question that a text asks, without courtesies at its begin and end."""
    words = tuple(chain.from_iterable(_CONTRACTED.get(w, w).split() for w in words_of(text)))
    is_indirect = False
    while found := _begins_with(words, _COURTESIES) or _begins_with(words, _INDIRECT):
        is_indirect = is_indirect or found in _INDIRECT
        words = words[len(found) :]
    while found := _ends_with(words, _COURTESIES):
        words = words[: -len(found)]
    return Question(_in_any_order(words), is_indirect=True) if is_indirect else Question(words)


def _in_any_order(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(word for word in words if word not in _ONLY_IN_DIRECT))


def _begins_with(
    words: tuple[str, ...], phrases: tuple[tuple[str, ...], ...]
) -> tuple[str, ...] | None:
    fitting = [phrase for phrase in phrases if words[: len(phrase)] == phrase]
    return max(fitting, key=len, default=None)


def _ends_with(
    words: tuple[str, ...], phrases: tuple[tuple[str, ...], ...]
) -> tuple[str, ...] | None:
    fitting = [phrase for phrase in phrases if words[-len(phrase) :] == phrase]
    return max(fitting, key=len, default=None)
