"""What the language model wrote for the caller and the caller did not hear."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import (
    CancelFrame,
    EagerEndOfTurnCancelFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    UserStoppedSpeakingFrame,
)

from calls.harmless import harmless
from calls.heard.utterance import CUT

_WORD = re.compile(r"\w+(?:['’]\w+)*")
# What is spoken is not always what was written: "$5" is heard as "five dollars".
_WRITTEN_OTHERWISE = 5
# At least so much of what was heard is in the answer that it is of, or of the answer in what was
# heard; the latter only where it is more words than two phrases share by chance.
_ENOUGH = 0.5
_BY_CHANCE = 2
# Less than this of an answer that was heard to its end is a difference in writing.
_A_DIFFERENCE = 0.2


@dataclass
class _Answer:
    text: str = ""
    ahead: bool = False
    """Whether the caller's turn is not over."""
    cut: bool = False

    @property
    def words(self) -> list[re.Match[str]]:
        return list(_WORD.finditer(self.text))

    def heard_up_to(self, number: int) -> None:
        """So many words of it were heard."""
        words = self.words
        self.text = self.text[words[number - 1].end() :] if number else self.text


class Unheard:
    """Compares what a model wrote with what was heard of it.

    Parameters:
        tell: Given every stretch of text that nobody heard.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._answers: list[_Answer] = []

    @harmless
    def pushed(self, frame: Frame, *, ahead: bool) -> None:
        """The model's service pushes something downstream.

        Args:
            frame: What.
            ahead: Whether what it answers may not be the caller's whole turn.
        """
        match frame:
            case LLMFullResponseStartFrame():
                self._answers.append(_Answer(ahead=ahead))
            case LLMTextFrame() if self._answers:
                self._answers[-1].text += frame.text
            case UserStoppedSpeakingFrame():
                for answer in self._answers:
                    answer.ahead = False
            case EagerEndOfTurnCancelFrame():
                withdrawn = [answer for answer in self._answers if answer.ahead]
                self._answers = [answer for answer in self._answers if not answer.ahead]
                self._not_heard(withdrawn)
            case InterruptionFrame() | CancelFrame():
                for answer in self._answers:
                    answer.cut = True

    @harmless
    def heard(self, text: str) -> None:
        """An answer of the bot is over; this much of it was heard."""
        found = self._found([word.group().casefold() for word in _whole_words(text)])
        if found is None:
            return
        last, words = found
        answer = self._answers[last]
        whole = len(answer.words)
        answer.heard_up_to(words)
        rest = whole - words
        over = not answer.cut and rest <= _A_DIFFERENCE * whole
        self._answers = self._answers[last + 1 if over else last :]

    @harmless
    def cut_off(self) -> None:
        """The bot was silenced, and what was heard until then has been told."""
        cut = [answer for answer in self._answers if answer.cut]
        self._answers = [answer for answer in self._answers if not answer.cut]
        self._not_heard(cut)

    def _not_heard(self, answers: list[_Answer]) -> None:
        text = " ".join(part for a in answers if (part := a.text.strip(" \n,.;:!?")))
        if _WORD.search(text):
            self._tell(text)

    def _found(self, heard: list[str]) -> tuple[int, int] | None:
        """The answer that the last of these words is of, and how many words of it are before."""
        places = [
            (number, index + 1, word.group().casefold())
            for number, answer in enumerate(self._answers)
            for index, word in enumerate(answer.words)
        ]
        at = matched = 0
        for word in heard:
            window = [place[2] for place in places[at : at + _WRITTEN_OTHERWISE]]
            if word in window:
                at += window.index(word) + 1
                matched += 1
        like = matched >= _ENOUGH * len(heard)
        if not matched or not (like or (matched > _BY_CHANCE and matched >= _ENOUGH * at)):
            return None
        number, words, _ = places[at - 1]
        return number, words


def _whole_words(text: str) -> list[re.Match[str]]:
    words = list(_WORD.finditer(text))
    return words[:-1] if text.rstrip().endswith(CUT) else words


def is_ahead(llm: Any) -> bool:
    """Whether what a language model's service is at work on answers a turn that is not over."""
    return llm._speculation_gate.is_speculating
