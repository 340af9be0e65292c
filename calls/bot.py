"""A bot: a function from a call to a pipeline, and what a bot file says about it."""

import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipecat.pipeline.pipeline import Pipeline
from pipecat.runner.types import RunnerArguments

from calls.faq import Faq, FaqBook
from calls.recording.consent import Consent
from calls.redaction import DEFAULT_POLICY, Policy, policy_of
from calls.spare_phrases import ENGLISH, SpareWords
from processors.filler_words import ENGLISH as FILLERS
from services.embedded.topic import Topic

if TYPE_CHECKING:
    from calls.call import Call

BuildPipeline = Callable[["Call"], Awaitable[Pipeline]]


@dataclass(frozen=True)
class Line:
    """One line of a sample call.

    Parameters:
        say: What the caller says.
        expect: A regular expression that the bot's next answer, as heard, must match
            (case-insensitive, anywhere). "" accepts any answer.
    """

    say: str
    expect: str = ""

    def __post_init__(self) -> None:
        try:
            re.compile(self.expect)
        except re.error as error:
            raise ValueError(f"expect={self.expect!r} is no regular expression: {error}") from None


@dataclass(frozen=True)
class Bot:
    """Pipecat's entry point `bot(runner_args)`, with what the server needs to know of it.

    Parameters:
        name: As in the file's name and in `?bot=NAME`.
        sentence: What it does, for people: the first line of the file's docstring.
        build: From a call to its pipeline.
        greeting: What it says first.
        notice: What it says before that, and is not interrupted in.
        topics: What the offline tier needs to hold its conversation.
        phrases: Filler phrases by tool name; "" holds the general ones.
        sample_call: The lines that `switchboard call NAME` speaks.
        spare_words: What it says when an answer is late or does not come.
        remembers_callers: Whether it keeps a short memory of every call for the caller's next one.
        faq: What it answers without asking the language model.
        records_audio: How it asks whether it may record its calls; None: it records none.
        keeps: What of its callers' words is stored, logged, traced and shown.

    Raises:
        ValueError: Two entries of the faq answer the same question.
    """

    name: str
    sentence: str
    build: BuildPipeline = field(repr=False)
    greeting: str = ""
    notice: str = ""
    topics: tuple[Topic, ...] = ()
    phrases: Mapping[str, Sequence[str]] = field(default_factory=lambda: FILLERS)
    sample_call: tuple[Line, ...] = ()
    spare_words: SpareWords = ENGLISH
    remembers_callers: bool = False
    faq: tuple[Faq, ...] = ()
    records_audio: Consent | None = None
    keeps: Policy = DEFAULT_POLICY

    def __post_init__(self) -> None:
        FaqBook(self.faq)

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()

    async def __call__(self, runner_args: RunnerArguments) -> None:
        """Answer one call. The convention of Pipecat's runners and of Pipecat Cloud."""
        from calls.answer import answer

        await answer(self, runner_args)


def as_bot(
    build: BuildPipeline,
    *,
    greeting: str = "",
    notice: str = "",
    topics: Sequence[Topic] = (),
    phrases: Mapping[str, Sequence[str]] | None = None,
    sample_call: Sequence[Line] = (),
    spare_words: SpareWords = ENGLISH,
    remembers_callers: bool = False,
    faq: Sequence[Faq] = (),
    records_audio: Consent | str | None = None,
    keeps: Policy = DEFAULT_POLICY,
) -> Bot:
    """Make the `bot` of a bot file out of the function that builds its pipeline.

    The bot is named after the function; its sentence is the first line of the function's or
    of the file's docstring. `records_audio` is the sentence that tells callers that they are
    recorded, or a `Consent`; without it no call is.

    Raises:
        ValueError: Two entries of the faq answer the same question, or the sentence is empty.
    """
    module = sys.modules[build.__module__]
    docstring = (module.__doc__ or build.__doc__ or "").strip()
    return Bot(
        name=build.__name__,
        sentence=docstring.splitlines()[0] if docstring else "",
        build=build,
        greeting=greeting,
        notice=notice,
        topics=tuple(topics),
        phrases=FILLERS if phrases is None else phrases,
        sample_call=tuple(sample_call),
        spare_words=spare_words,
        remembers_callers=remembers_callers,
        faq=tuple(faq),
        records_audio=Consent(records_audio) if isinstance(records_audio, str) else records_audio,
        keeps=policy_of(keeps),
    )
