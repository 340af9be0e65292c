"""What callers say whatever the bot is for: greetings, farewells, doubts about who is speaking."""

import re
from collections.abc import Iterable
from enum import Enum, auto

from services.embedded.spoken_numbers import words_of


class Remark(Enum):
    """A remark that is about the conversation and not about the bot's business."""

    ARE_YOU_REAL = auto()
    GOODBYE = auto()
    DONE = auto()
    REPEAT = auto()
    WAIT = auto()
    PERSON = auto()
    NEVER_MIND = auto()
    START_OVER = auto()
    THANKS = auto()
    GREETING = auto()
    HELP = auto()
    STILL_THERE = auto()


_PATTERNS: tuple[tuple[Remark, str], ...] = (
    (
        Remark.ARE_YOU_REAL,
        r"\b(?:are you|is this|am i (?:talking|speaking) (?:to|with)|you're|is it|"
        r"do i (?:talk|speak) to) (?:really |actually |just |even )*(?:an? |the |some )?"
        r"(?:real |actual |live |kind of )*"
        r"(?:robot|bot|machine|computer|a i|ai|person|human|human being|real|program|recording|"
        r"language model|chat ?bot|artificial|assistant|g p t|gpt|chat gpt)\b"
        r"|\b(?:what|who) are you\b|\bwho am i (?:talking|speaking) to\b",
    ),
    (
        Remark.GOODBYE,
        r"\b(?:good ?bye|bye|bye bye|hang up|have a (?:nice|good) day|end the call)\b",
    ),
    (
        Remark.REPEAT,
        r"\b(?:repeat|say (?:that|it) again|say again|come again|pardon|one more time|"
        r"what did you (?:just )?say|i (?:didn't|did not) (?:hear|catch|get) (?:that|you|it)|"
        r"can't hear you|say that once more)\b|^(?:sorry )?what$",
    ),
    (
        Remark.WAIT,
        r"^(?:(?:um|uh|hm|hmm|er|erm|well)\b ?)+$"
        r"|^(?:okay |ok |um |uh |hm |hmm |well |oh |please |just |can you )*"
        r"(?:hold on|hang on|wait|(?:one|just a) (?:moment|second|minute|sec)|"
        r"give me a (?:moment|second|minute)|"
        r"let me (?:see|check|look|think))(?: a| for| one| please| moment| second| minute| sec)*$",
    ),
    (
        Remark.PERSON,
        r"\b(?:speak|talk|connect|transfer|put|pass|get|give)\b.*\b(?:person|human|someone|"
        r"somebody|agent|representative|operator|manager|people|colleague)\b"
        r"|^(?:please |a |an |the |real |i want |i need |no )*(?:person|human|human being|"
        r"operator|agent|representative|somebody|someone)(?: please| now)*$"
        r"|\breal person\b|\blive agent\b",
    ),
    (
        Remark.NEVER_MIND,
        r"\b(?:never ?mind|forget (?:it|about it|that)|cancel that|stop that|leave it|drop it|"
        r"changed my mind)\b|^stop$",
    ),
    (Remark.START_OVER, r"\b(?:start (?:over|again|from the (?:beginning|start))|from the top)\b"),
    (
        Remark.DONE,
        r"^(?:no |nope |okay |ok |yes |thanks |thank you |great |perfect |good |and |well )*"
        r"(?:that's (?:all|it|everything)|that is (?:all|it|everything)|that will be all|"
        r"that would be all|that'll be all|nothing else|nothing more|i'm (?:all set|done|good|fine)"
        r"|all set)(?: for (?:now|today)| thanks| thank you| i need| then| very much)*$"
        r"|^(?:no|nope|no no)(?: thanks| thank you)(?: very much| so much)?$",
    ),
    (
        Remark.THANKS,
        r"^(?:okay |ok |great |perfect |oh |all right |alright |right |wonderful )*"
        r"(?:thanks|thank you|thank you so much|many thanks|cheers)"
        r"(?: a lot| very much| so much| for (?:that|your help|the help))*$",
    ),
    (
        Remark.HELP,
        r"\bwhat (?:can|do) you (?:do|help)\b|\bhow (?:can|do) you help\b|^help(?: me)?$"
        r"|\bwhat (?:are|is) my options\b|\bwhat can i (?:do|say|ask)\b",
    ),
    (
        Remark.STILL_THERE,
        r"\b(?:are you (?:still )?there|can you hear me|anybody there|you there)\b",
    ),
    (
        Remark.GREETING,
        r"^(?:um |uh |oh |well )*"
        r"(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|how are you(?: doing| today)*)"
        r"(?: there| hello| how are you(?: doing| today)*)*$",
    ),
)
_COMPILED = tuple((remark, re.compile(pattern)) for remark, pattern in _PATTERNS)


def remark_in(text: str) -> Remark | None:
    """The first remark, in order of weight, that the words hold, or None."""
    plain = " ".join(words_of(text))
    for remark, pattern in _COMPILED:
        if pattern.search(plain):
            return remark
    return None


_WH = r"(?:what|which|when|where|how|who|why|whose)"
_VERB = (
    r"(?:is|are|am|was|were|do|does|did|can|could|will|would|shall|should|has|have|may|might)"
    r"(?:n't)?"
)
_SUBJECT = (
    r"(?:i|you|he|she|it|we|they|there|this|that|these|those|anyone|somebody|someone|my|your)"
)
_AND_THEN = r"(?:happens|about|if|now|else)\b"
_OPENING = r"^(?:(?:um|uh|er|so|and|but|well|oh|okay|ok|sorry|wait|actually|no|yes|hey|hi)\s+)*"
_QUESTION = re.compile(
    rf"{_OPENING}(?:{_WH}(?:'s|'re)\b|{_WH}(?:\s+\w+){{0,2}}?\s+{_VERB}\b|{_WH}\s+{_AND_THEN}"
    rf"|{_VERB}\s+(?:not\s+)?{_SUBJECT}\b|{_VERB}\s+(?:the|a|an|any|some)\b)"
)
# "What I got is broken", "is the wrong size": what happened, and no question.
_QUESTION_NOT_STORY = re.compile(
    rf"{_OPENING}(?:{_WH}\s+(?:is|are|do|does|did|can|could|will|would|should)\b"
    rf"|how\s+(?:much|many|long|often|soon)\b|what\s+{_AND_THEN}"
    rf"|(?:can|could|will|would|do|are|should|may)\s+(?:i|you|we|they|there)\b)"
)


def is_question(text: str, *, tells_a_story: bool = False) -> bool:
    """Whether the words ask something.

    Args:
        text: What the caller said.
        tells_a_story: The caller was asked what happened; such an answer may begin like a question.
    """
    plain = " ".join(words_of(text))
    return bool((_QUESTION_NOT_STORY if tells_a_story else _QUESTION).search(plain))


_CHANGE_OF_MIND = re.compile(
    r"(?i)\b(?:actually|no wait|wait no|i mean|or rather|on second thought|instead of that"
    r"|never ?mind|forget (?:it|about it|that)|scratch that)\b"
)


def last_thought(text: str) -> str:
    """What follows the caller's last change of mind, or "" where there was none."""
    parts = _CHANGE_OF_MIND.split(text)
    return parts[-1].strip(" ,.") if len(parts) > 1 else ""


def begins_with_correction(text: str) -> bool:
    """Whether the words take back what went before: "no wait, make it eleven"."""
    return bool(re.match(r"\W*(?i:no|nope|sorry|oh)\b", text) or _CHANGE_OF_MIND.match(text))


_TROUBLE = frozenset("wrong incorrect right correct mean meant want think not mistake no".split())


def mentions_trouble(words: Iterable[str]) -> bool:
    """Whether the words say that something is wrong, rather than what would be right."""
    return bool(_TROUBLE & set(words))
