"""Questions that a bot answers without asking its language model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pipecat.processors.aggregators.llm_context import (
    LLMContext,
    LLMContextMessage,
    standard_message_text,
)

from calls.question import Question, question_in


@dataclass(frozen=True)
class Faq:
    """One frequent question, in the ways that callers put it, and its answer.

    `Faq(questions=("When are you open?", "opening hours"), answer="From nine to five.")` answers
    a caller who asks one of these questions and nothing else, in these words: "um, can you tell
    me when you are open, please" is one of them, "are you open and where do I park" is not. The
    answer is spoken in advance, so it is heard as soon as the caller's turn is over.

    Parameters:
        questions: As callers say them.
        answer: As it is spoken.

    Raises:
        ValueError: There is nothing to ask or to answer.
    """

    questions: Sequence[str]
    answer: str

    def __post_init__(self) -> None:
        if isinstance(self.questions, str):
            raise ValueError(
                f"Faq(questions={self.questions!r}) is one string: put it into a tuple, "
                f"({self.questions!r},)."
            )
        if not self.questions:
            raise ValueError(
                f"The Faq that is answered {self.answer!r} has no question: give at least one, "
                "in the words of a caller."
            )
        if not any(map(str.isalnum, self.answer)):
            raise ValueError(
                f"The Faq about {self.questions[0]!r} has nothing to say: give its answer as it "
                "is to be spoken."
            )
        for question in self.questions:
            if not question_in(question).words:
                raise ValueError(
                    f"The Faq that is answered {self.answer!r} has the question {question!r}, "
                    "which is left without a word when courtesies are put aside."
                )


class FaqBook:
    """All that a bot answers by itself.

    Parameters:
        entries: In any order.

    Raises:
        ValueError: Two entries answer the same question.
    """

    def __init__(self, entries: Iterable[Faq]) -> None:
        self._answers: dict[Question, str] = {}
        for entry in entries:
            for asked in entry.questions:
                question = question_in(asked)
                other = self._answers.setdefault(question, entry.answer)
                if other != entry.answer:
                    raise ValueError(
                        f"The question {asked!r} has two answers in faq: {other!r} and "
                        f"{entry.answer!r}. Keep one of them."
                    )
                self._answers.setdefault(question.indirect, entry.answer)

    def answer_to(self, said: str) -> str:
        """The answer to a caller who asks one of the questions and nothing else; "" otherwise."""
        return self._answers.get(question_in(said), "")

    def answer_in(self, context: LLMContext) -> str:
        """The answer to the last message, if it is such a question of the caller's; else ""."""
        messages: list[Any] = context.get_messages()
        latest, before = _of_caller(messages[-1:]), _of_caller(messages[-2:-1])
        # Two messages in a row are one wish, of which the question is a part.
        return self.answer_to(latest) if latest and not before else ""


def _of_caller(messages: Sequence[Any]) -> str:
    for message in messages:
        if isinstance(message, dict) and message.get("role") == "user":
            return standard_message_text(cast(LLMContextMessage, message))
    return ""
