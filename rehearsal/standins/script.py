"""What the stand-ins are told to say and to hear, for tests that must be exact."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rehearsal.standins.prompt import Prompt, Reply, ToolCall


class Rule(BaseModel):
    """When the caller says this, the language model answers that.

    Attributes:
        when: Regular expression, looked for in the last user message without regard to case.
        say: The answer's text; with `call` it is said before the call.
        call: The tool to call, or "".
        arguments: Its arguments.
        after: Holds only for the result of this tool ("": only where no result waits).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str = ""
    say: str = ""
    call: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    after: str = ""

    @field_validator("when", "after")
    @classmethod
    def _is_expression(cls, given: str) -> str:
        try:
            re.compile(given)
        except re.error as error:
            raise ValueError(f"{given!r} is no regular expression: {error}") from error
        return given

    @model_validator(mode="after")
    def _answers(self) -> "Rule":
        if not (self.say or self.call):
            raise ValueError('a rule needs "say" or "call"')
        return self

    def fits(self, prompt: Prompt) -> bool:
        result = prompt.tool_result
        if (result is not None) != bool(self.after):
            return False
        if result is not None and not re.fullmatch(self.after, result.tool):
            return False
        return re.search(self.when, prompt.last_user_text, re.IGNORECASE) is not None

    def reply(self) -> Reply:
        calls = (ToolCall(self.call, json.dumps(self.arguments)),) if self.call else ()
        return Reply(self.say, calls)


class Script(BaseModel):
    """Rules for the language models, transcripts for the recognisers.

    Attributes:
        replies: The first rule that fits answers; none: the stand-in's own mind does.
        transcripts: Seat ("*": every one) to the words of its utterances in order. None in their
            place, and all beyond their end: what is really heard. A list is that of "*".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    replies: tuple[Rule, ...] = ()
    transcripts: Mapping[str, Sequence[str | None]] = Field(default_factory=dict)

    @field_validator("transcripts", mode="before")
    @classmethod
    def _by_seat(cls, given: Any) -> Any:
        return {"*": given} if isinstance(given, list | tuple) else given

    def reply(self, prompt: Prompt) -> Reply | None:
        return next((rule.reply() for rule in self.replies if rule.fits(prompt)), None)

    def transcript(self, seat: str, number: int) -> str | None:
        """The words of the seat's utterance `number`, counted from 1."""
        given = self.transcripts.get(seat, self.transcripts.get("*", ()))
        return given[number - 1] if number <= len(given) else None
