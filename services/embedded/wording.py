"""The understudy's sentences, all for the ear."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.embedded.desk import Desk, Duty
from services.embedded.slots import Kind, Slot
from services.embedded.spoken_numbers import spoken_digits, spoken_integer
from services.embedded.spoken_values import spoken

STAND_IN = "I am a stand-in, not a language model."
HONEST = (
    "I am a stand-in: a small program that follows fixed rules. "
    "I am not a language model and not a person."
)
FAREWELL = "Thank you for calling. Goodbye!"
TOOK_TOO_LONG = "I'm sorry, that took too long. Shall I try again?"
FAILED = "I'm sorry, that did not work just now. Shall I try again?"
OFFER_PERSON = "I'm sorry, I am not getting this. Would you like me to pass you to a person?"
CHANGE_WHAT = "All right. What should I change?"
LEFT_AS_IS = "All right, I'll leave that."
MORE = (
    "Is there anything else?",
    "Can I help you with anything else?",
    "Is there anything else I can do for you?",
)
NO_ANSWER = "I'm sorry, I have no answer to that here."
_IDLE = frozenset(
    {
        *MORE,
        "All right.",
        "Hello!",
        "How can I help you?",
        "I am here.",
        "Take your time.",
        "What can I do for you?",
        "You're welcome.",
    }
)
_OF_A_DATE = "the day, for example Monday, or the third of March"
_EXAMPLES = {
    Kind.DATE: f"Please say {_OF_A_DATE}.",
    Kind.BIRTH_DATE: (
        "Please say the day, the month and the year, "
        "for example the third of March, nineteen eighty five."
    ),
    Kind.TIME: "Please say the time, for example half past ten.",
    Kind.INTEGER: "Please say just a number.",
    Kind.NUMBER: "Please say just a number.",
    Kind.NAME: "Please say just the name.",
    Kind.BOOLEAN: "Please say yes or no.",
    Kind.CONFIRMATION: "Please say yes or no.",
}


def more(turn: int) -> str:
    """The question whether there is anything else, in other words each time."""
    return MORE[turn % len(MORE)]


def says_nothing(text: str) -> bool:
    """Whether the words only keep the call going, so that nobody wants them repeated."""
    return all(sentence in _IDLE for sentence in re.split(r"(?<=[.!?])\s+", text))


def _possessive(label: str) -> str:
    return label if label.startswith(("the ", "your ", "a ", "an ")) else f"your {label}"


def _from_description(slot: Slot) -> str:
    """ "The city to look up." -> "the city to look up"; "" where it does not read as a noun."""
    # The format is for the model: "The date of birth as YYYY-MM-DD".
    clause = re.split(r"[.,;:(]| (?:as|in) (?:YYYY|HH)", slot.description)[0].strip()
    if not re.match(r"(?i)(the|a|an|your|his|her)\b", clause) or len(clause.split()) > 9:
        return ""
    return _to_the_caller(clause[0].lower() + clause[1:])


def _to_the_caller(text: str) -> str:
    text = re.sub(r"\b(?:the|a) (?:caller|customer|user|patient)(?:'s|’s)", "your", text)
    return re.sub(r"\b(?:the|a) (?:caller|customer|user|patient)\b", "you", text)


def question_for(desk: Desk, slot: Slot, filled: Mapping[str, Any], today: date) -> str:
    """The question that asks for a slot; for a confirmation, the read-back."""
    asked = desk.asks.get(slot.name)
    if asked:
        return _filled_in(asked, desk, filled, today)
    match slot.kind:
        case Kind.CONFIRMATION:
            return _read_back(desk, filled, today)
        case Kind.DATE:
            return (
                f"For which {slot.label}?" if "day" in slot.label else f"What is the {slot.label}?"
            )
        case Kind.TIME:
            return "At what time?"
        case Kind.CHOICE:
            return f"Which {slot.label}: {_either(slot.choices)}?"
        case Kind.BOOLEAN:
            return f"{_sentence(_from_description(slot) or slot.label)}: yes or no?"
        case Kind.INTEGER:
            if not _from_description(slot):
                return (
                    f"How many {slot.label}?"
                    if slot.label.endswith("s")
                    else (f"What is the {slot.label}?")
                )
    return f"What is {_from_description(slot) or _possessive(slot.label)}?"


def _filled_in(template: str, desk: Desk, filled: Mapping[str, Any], today: date) -> str:
    values: dict[str, str] = defaultdict(str)
    for name, value in filled.items():
        slot = desk.slot(name)
        values[name] = spoken(value, today, as_digits=bool(slot and slot.kind is Kind.DIGITS))
    return template.format_map(values)


def value_of(desk: Desk, name: str, filled: Mapping[str, Any], today: date) -> str:
    """A parameter's value for the ear."""
    return _filled_in("{" + name + "}", desk, filled, today)


def _read_back(desk: Desk, filled: Mapping[str, Any], today: date) -> str:
    parts = [
        f"{slot.label}: {value_of(desk, slot.name, filled, today)}"
        for slot in desk.slots
        if slot.name in filled and slot.kind is not Kind.CONFIRMATION
    ]
    return f"I have {'; '.join(parts)}. Is that right?" if parts else "Shall I do that?"


def again(desk: Desk, slot: Slot, filled: Mapping[str, Any], today: date, misses: int) -> str:
    """The question once more, in other words."""
    opening = ("Sorry, I didn't get that.", "I'm sorry, I still didn't get that.")[misses > 1]
    question = question_for(desk, slot, filled, today)
    if slot.kind is Kind.DIGITS:
        fewest, most = slot.digits
        length = f" It has {spoken_integer(most)} digits." if fewest == most else ""
        hint = f"Please say {_possessive(slot.label)} one digit at a time.{length}"
    elif slot.kind is Kind.CHOICE:
        hint = f"You can say {_either(slot.choices)}."
    else:
        hint = _EXAMPLES.get(slot.kind, "")
    if not hint:
        return f"{opening} {question}"
    if slot.kind is Kind.CONFIRMATION:
        return f"{opening} {question} {hint}"
    return f"{opening} {hint}" if misses <= 1 else f"{opening} {question} {hint}"


def so_far(digits: str) -> str:
    """Asks for the rest of a number."""
    return f"I have {spoken_digits(digits)} so far. Please say the rest, or the whole number again."


def _either(choices: Sequence[str]) -> str:
    worded = [choice.replace("_", " ") for choice in choices]
    return ", ".join(worded[:-1]) + " or " + worded[-1] if len(worded) > 1 else "".join(worded)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def which_part(desk: Desk, filled: Mapping[str, Any]) -> str:
    """Asks which of the values is wrong."""
    labels = [
        f"the {slot.label}"
        for slot in desk.slots
        if slot.name in filled and slot.kind is not Kind.CONFIRMATION
    ]
    return f"Which part is wrong: {_either(labels)}?" if len(labels) > 1 else "What should it be?"


def _can_do(desk: Desk) -> str:
    first = re.split(r"(?<=[a-z])[.;:]|\n\n", " ".join(desk.description.split()))[0]
    if not 1 < len(first.split()) <= 9:
        first = desk.tool.replace("_", " ")
    first = _to_the_caller(first[0].lower() + first[1:])
    verb, _, rest = first.partition(" ")
    if verb.endswith("s") and verb[:-1] == desk.tool.split("_")[0].lower():
        verb = verb[:-1]
    return f"help with {first}" if verb in ("the", "a", "an") else f"{verb} {rest}"


def what_it_can_do(desks: Sequence[Desk]) -> str:
    """A sentence with what the bot can help with, or "" for a bot that can do nothing."""
    able = list(dict.fromkeys(_can_do(d) for d in desks if d.tool and d.duty is Duty.BUSINESS))[:4]
    if any(desk.duty is Duty.HAND_OVER for desk in desks):
        able.append("pass you to a person")
    if able:
        return f"I can {_either(able)}."
    examples = [desk.says[0] for desk in desks if desk.says][:2]
    return f"You can say, for example: {', or: '.join(examples)}." if examples else ""


def example_lines(desks: Sequence[Desk]) -> str:
    """Two things a caller may say, or "" where none are declared."""
    able = [desk for desk in desks if desk.duty is Duty.BUSINESS and not desk.urgent]
    lines = [desk.says[0] for desk in able if desk.says][:2]
    return f"You can say, for example: {', or: '.join(lines)}." if lines else ""


def who_it_is(instructions: str) -> str:
    """ "You are the receptionist of a clinic." -> "I am standing in for the receptionist …"."""
    match = re.search(r"\bYou(?: are|'re) ([^.!?\n]+)", instructions)
    if not match:
        return ""
    role = re.split(r",? and (?:you|your)\b", match[1])[0].strip(" ,")
    return f"I am standing in for {role}."


def result_in_words(result: Any, today: date) -> str:
    """What a tool's result says. Text and a "say" are spoken as they are."""
    if isinstance(result, str):
        return result
    if isinstance(result, Mapping):
        if "say" in result:
            return str(result["say"] or "")
        if result.get("error"):
            return f"I'm sorry, that did not work: {result['error']}."
        facts = [
            f"{str(name).replace('_', ' ')}: {spoken(value, today)}"
            for name, value in result.items()
            if name != "needs"
            and value not in (None, "", [], {})
            and not isinstance(value, Mapping)
        ]
        return f"Here is what I found. {'; '.join(facts[:6])}." if facts else "That is done."
    if isinstance(result, list):
        if not result:
            return "I found nothing."
        return f"I found: {spoken([_item(item, today) for item in result[:5]], today)}."
    return "That is done." if result is None or result is True else f"The answer is {result}."


def _item(item: Any, today: date) -> str:
    if isinstance(item, Mapping):
        return " ".join(spoken(value, today) for value in item.values() if value)
    return spoken(item, today)
