"""Answers without a script: picks the declared tool that the words point at and fills it in.

No language model, and none imitated: words in common choose the tool, its schema says what is
still to be asked for. Good enough to hold a call whose tools word their own results.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from rehearsal.standins.prompt import Message, Prompt, Reply, Tool, ToolCall

_DIGITS = {
    word: str(value)
    for value, words in enumerate(
        ("zero oh o", "one", "two to too", "three", "four for", "five", "six", "seven", "eight",
         "nine")
    )
    for word in words.split()
}  # fmt: skip
_HOURS = {
    word: hour
    for hour, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), start=1
    )
}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_YES = re.compile(r"\b(yes|yeah|yep|right|correct|sure|please do|go ahead|okay)\b", re.IGNORECASE)
_NO = re.compile(r"\b(no|nope|not|wrong|don't)\b", re.IGNORECASE)
_COMMON = frozenset(
    "a an and are at be can could do for from have how i in is it me my of on or please so that "
    "the this to want was what when where which will with would you your".split()
)
# What callers say for what a tool's author calls otherwise.
_ALSO = {"refund": "money back return", "person": "human somebody someone agent", "say": "bye"}
_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ed", "es", "s", "y")


def read_tools(prompt: Prompt, today: date) -> Reply:
    """Tell a waiting result; else call the tool that is meant, or ask for what it lacks."""
    if (result := prompt.tool_result) is not None:
        return Reply(_told(result))
    said = _since_last_result(prompt.messages)
    tool = _meant(prompt.tools, said)
    if tool is None:
        return Reply(_offer(prompt.tools))
    known, missing = _filled(tool, prompt.messages, said, today)
    if missing:
        return Reply(f"What is the {missing.replace('_', ' ')}, please?")
    return Reply(calls=(ToolCall(tool.name, json.dumps(known)),))


def _told(result: Message) -> str:
    try:
        facts = json.loads(result.text)
    except ValueError:
        return result.text or "That is done."
    if isinstance(facts, dict):
        said = facts.get("say") or facts.get("error") or facts.get("message")
        return str(said) if said else "That is done."
    return str(facts)


def _since_last_result(messages: Sequence[Message]) -> list[str]:
    """What the user said since a tool's result was told, oldest first."""
    said: list[str] = []
    for message in reversed(messages):
        if message.role == "tool":
            break
        if message.role == "user":
            said.append(message.text)
    return said[::-1]


def _meant(tools: Iterable[Tool], said: Sequence[str]) -> Tool | None:
    """The tool with most words in common with what was said last, or else before."""
    for text in reversed(said):
        wanted = _stems(text)
        scored = [(len(wanted & _stems_of(tool)), -place, tool) for place, tool in enumerate(tools)]
        best = max(scored, key=lambda score: score[:2], default=None)
        if best is not None and best[0] > 0:
            return best[2]
    return None


def _stems_of(tool: Tool) -> set[str]:
    name = tool.name.replace("_", " ")
    also = " ".join(more for word, more in _ALSO.items() if word in name.split())
    return _stems(f"{name} {tool.description.partition('.')[0]} {also}")


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in re.findall(r"[a-z']+", text.lower()) if word not in _COMMON}


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _filled(
    tool: Tool, messages: Sequence[Message], said: Sequence[str], today: date
) -> tuple[dict[str, Any], str]:
    """Known arguments, and the name of the first required one that is not known."""
    known: dict[str, Any] = {}
    everything = [m.text for m in messages if m.role == "user"]
    required = tool.parameters.get("required", ())
    for name, schema in tool.parameters.get("properties", {}).items():
        value = _value(name, schema, said, everything, today)
        if value is not None:
            known[name] = value
        elif name in required:
            return known, name
    return known, ""


def _value(
    name: str, schema: dict[str, Any], said: Sequence[str], everything: Sequence[str], today: date
) -> Any:
    about = f"{name} {schema.get('description', '')}".lower()
    last = said[-1] if said else ""
    if schema.get("type") == "boolean":
        return bool(_YES.search(last)) and not _NO.search(last)
    if "digits" in about or "number" in about or schema.get("type") in ("integer", "number"):
        found = next(filter(None, map(digits_in, reversed(everything))), None)
        return int(found) if found and schema.get("type") == "integer" else found
    if "yyyy-mm-dd" in about:
        return next(filter(None, (day_in(t, today) for t in reversed(everything))), None)
    if "hh:mm" in about:
        return next(filter(None, map(time_in, reversed(everything))), None)
    if "enum" in schema:
        return next((option for option in schema["enum"] if str(option).lower() in last), None)
    return last if len(said) > 1 or "reason" in name else None


def digits_in(text: str) -> str | None:
    """The longest run of digits, written or spoken one by one: "four seven two" is "472"."""
    runs, run = [""], ""
    for word in re.findall(r"[a-z]+|\d+", text.lower()):
        digits = word if word.isdigit() else _DIGITS.get(word, "")
        run = run + digits if digits else ""
        runs.append(run)
    longest = max(runs, key=len)
    return longest if len(longest) >= 3 else None


def day_in(text: str, today: date) -> str | None:
    """The next day of that name, today or tomorrow, as YYYY-MM-DD."""
    words = re.findall(r"[a-z]+|\d{4}-\d{2}-\d{2}", text.lower())
    for word in words:
        if word[0].isdigit():
            return word
        if word in ("today", "tomorrow"):
            return (today + timedelta(days=word == "tomorrow")).isoformat()
        if word in _WEEKDAYS:
            ahead = (_WEEKDAYS.index(word) - today.weekday() - 1) % 7 + 1
            return (today + timedelta(days=ahead)).isoformat()
    return None


def time_in(text: str) -> str | None:
    """A clock time as HH:MM; hours before eight are taken for the afternoon."""
    numeral = re.search(r"\b(\d{1,2}):(\d{2})\b", text)
    if numeral:
        return f"{int(numeral[1]):02}:{numeral[2]}"
    words = re.findall(r"[a-z]+", text.lower())
    for place, word in enumerate(words):
        if (
            word in _HOURS
            and _DIGITS.get(words[place + 1] if place + 1 < len(words) else "") is None
        ):
            hour = _HOURS[word]
            half = "half past" in text.lower() or "thirty" in words[place + 1 : place + 2]
            return f"{hour + 12 if hour < 8 else hour:02}:{'30' if half else '00'}"
    return None


def _offer(tools: Iterable[Tool]) -> str:
    names = [tool.name.replace("_", " ") for tool in tools]
    if not names:
        return "I am a stand-in for a language model. Please go on."
    return f"I can help with these things: {', '.join(names)}. Which one is it?"
