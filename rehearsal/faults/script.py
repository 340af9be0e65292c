"""The conversation in which providers are made to fail: what is asked, and the one right answer.

Every answer is known word for word, so that what the telephone played can be compared with it.
"""

import json
import re
from dataclasses import dataclass

from rehearsal.standins.prompt import Prompt, Reply, ToolCall

INSTRUCTIONS = (
    "You answer the telephone of Maple Home Store. Everything you write is spoken aloud: answer in "
    "short plain sentences. Look an order up with find_order before you say when it arrives. If a "
    "tool fails, say that the order desk is silent today."
)
GREETING = "Hello, this is Maple Home Store."
GREETED = "Maple Home Store"
NOT_FOUND = "I am sorry, our order desk is silent today."
NOT_UNDERSTOOD = "Excuse me, what was that?"

# Switchboard's own words when no answer can be given: by phrase the sentence that holds it.
ASKS_AGAIN = {
    "what was that": NOT_UNDERSTOOD,
    "say that once more": (
        "I am sorry, something went wrong on my side. Could you say that once more?"
    ),
    "say it again": "I am sorry, I did not get that. Could you say it again?",
    "please repeat that": "I am sorry, something went wrong here. Could you please repeat that?",
}
PARTING = {
    "a little later": (
        "I am very sorry, I cannot help you right now. Please call again a little later. Goodbye."
    )
}


@dataclass(frozen=True)
class Line:
    """One line of the caller: worded so that Smart Turn is sure of its end.

    Attributes:
        say: What the caller says.
        answer: What the bot is to say: sentences as the language model gives them.
        phrases: Of each sentence of the answer the words that nothing else contains.
        order: The order that is looked up; "" needs no tool.
        preface: Said before the tool is called.
    """

    say: str
    answer: str
    phrases: tuple[str, ...]
    order: str = ""
    preface: str = ""


HOURS = Line(
    "when do you open in the morning", "We open at nine every morning.", ("every morning",)
)
DELIVERY = Line("how much does delivery cost", "Delivery costs four dollars.", ("four dollars",))
ORDER = Line(
    "please check my order five one seven for me",
    "Your order arrives on Wednesday afternoon.",
    ("Wednesday afternoon",),
    order="517",
)
ORDER_ALOUD = Line(
    "can you look for my other parcel",
    "Your order arrives on Wednesday afternoon.",
    ("order book", "Wednesday afternoon"),
    order="826",
    preface="I am opening the order book.",
)
RETURN = Line(
    "how can i send back a lamp",
    "Put the lamp back into its cardboard box. Print the yellow label from our website. "
    "Then hand the parcel to any grocery shop in town.",
    ("cardboard box", "yellow label", "grocery shop"),
)
LAST = Line(
    "thank you for all your help",
    "That is everything, enjoy your evening.",
    ("enjoy your evening",),
)
LINES = (HOURS, DELIVERY, ORDER, ORDER_ALOUD, RETURN, LAST)

NOT_FOUND_PHRASES = ("silent today",)
ARRIVES = "Wednesday afternoon"

# Every phrase that is looked for, with the sentence that it is spoken in.
SENTENCES = {
    GREETED: GREETING,
    "silent today": NOT_FOUND,
    **ASKS_AGAIN,
    **PARTING,
    "order book": ORDER_ALOUD.preface,
    **{
        phrase: sentence
        for line in LINES
        for phrase in line.phrases
        for sentence in re.split(r"(?<=[.]) ", line.answer)
        if phrase in sentence
    },
}


def meant(text: str) -> Line | None:
    """The line that has most words in common with what was understood."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    shared = [(len(words & set(line.say.split())) / len(line.say.split()), line) for line in LINES]
    share, line = max(shared, key=lambda pair: pair[0])
    return line if share >= 0.4 else None


def mind(prompt: Prompt) -> Reply:
    """What a language model that does its work answers: the script's answer, and nothing twice."""
    asked = [m.text for m in prompt.messages if m.role == "user"]
    lines = [line for line in map(meant, asked) if line is not None]
    if not asked:
        return Reply(GREETING)
    if not lines or (meant(asked[-1]) is None and not _to_go_on(prompt)):
        return Reply(NOT_UNDERSTOOD)
    line = lines[-1]
    if (result := prompt.tool_result) is not None:
        return Reply(line.answer if ARRIVES in result.text else NOT_FOUND)
    said = _said_since_asked(prompt)
    if line.order and not _knows(prompt):
        call = ToolCall("find_order", json.dumps({"order_number": line.order}))
        return Reply(_rest(line.preface, said), (call,))
    return Reply(_rest(line.answer, said))


def _to_go_on(prompt: Prompt) -> bool:
    """The model is told to complete an answer that broke off."""
    return "cut off" in prompt.messages[-1].text


def _said_since_asked(prompt: Prompt) -> str:
    """What the assistant has said since the caller's last line, when it is to go on from there."""
    if not _to_go_on(prompt):
        return ""
    before = [m for m in prompt.messages[:-1] if m.role == "assistant" and m.text]
    return before[-1].text if before else ""


def _knows(prompt: Prompt) -> bool:
    """Whether the tool was asked since the caller's last line."""
    for message in reversed(prompt.messages):
        if message.role == "tool":
            return True
        if message.role == "user" and meant(message.text) is not None:
            return False
    return False


def _rest(answer: str, said: str) -> str:
    return answer.removeprefix(said.strip()).lstrip() if said else answer
