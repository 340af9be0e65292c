"""The language model of the timed conversation: the script's answers, and how often it is asked."""

import json
import re
import threading
from dataclasses import dataclass, field

from rehearsal.standins.prompt import Prompt, Reply, ToolCall, tokens_answered, tokens_asked
from rehearsal.turns.script import GO_ON, GREETING, LINES, Line

# Less of a line than this is not understood: the caller has not finished.
_UNDERSTOOD = 0.75
_MOST_MESSAGES = 4


@dataclass
class Tally:
    """What was asked of the model, greetings aside; every answer counts as fetched to its end."""

    calls: int = 0
    tokens_asked: int = 0
    tokens_answered: int = 0


@dataclass
class Mind:
    """Answers prompts by the script; it may be asked from several threads."""

    tally: Tally = field(default_factory=Tally)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, prompt: Prompt) -> Reply:
        reply = answer(prompt)
        if not any(message.role == "user" for message in prompt.messages):
            return reply  # a greeting, which some have written and others do not
        with self._lock:
            self.tally.calls += 1
            self.tally.tokens_asked += tokens_asked(prompt)
            self.tally.tokens_answered += tokens_answered(reply)
        return reply

    def recount(self) -> Tally:
        """What was asked since the last time."""
        with self._lock:
            counted, self.tally = self.tally, Tally()
        return counted


def answer(prompt: Prompt) -> Reply:
    """The script's answer to the last thing that the caller wanted."""
    asked = [message.text for message in prompt.messages if message.role == "user"]
    if not asked:
        return Reply(GREETING)
    line = wanted(asked)
    if line is None:
        return Reply(GO_ON)
    if line.calls and prompt.tool_result is None:
        return Reply(calls=_calls(line))
    return Reply(line.answer)


def answer_tokens(line: Line) -> int:
    """What a line costs in tokens answered, its tool calls included."""
    calls = tokens_answered(Reply(calls=_calls(line))) if line.calls else 0
    return calls + tokens_answered(Reply(line.answer))


def wanted(messages: list[str]) -> Line | None:
    """The line that the last messages of the caller make up; a line may be cut into several."""
    for count in range(1, min(len(messages), _MOST_MESSAGES) + 1):
        said = re.findall(r"[a-z]+", " ".join(messages[-count:]).lower())
        best = max(LINES, key=lambda line: _share(line, said))
        if _share(best, said) >= _UNDERSTOOD:
            return best
    return None


def _share(line: Line, said: list[str]) -> float:
    words = line.say.split()
    return len(set(words) & set(said)) / len(set(words))


def _calls(line: Line) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(call.tool, json.dumps(dict(call.arguments))) for call in line.calls)
