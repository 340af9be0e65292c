"""What the talk is of: what the bot asked for, and how much of a number was given so far."""

import re
from dataclasses import dataclass, field

from calls.redaction.ordinary import is_time_talk
from calls.redaction.setting import SHOWN_DIGITS

_ASKS = re.compile(
    r"\b(please|tell|give|say|spell|enter|type|need|read|provide|confirm|repeat)\b", re.I
)
# "Could you spell that for me?" asks for the same.
_ASKS_AGAIN = re.compile(r"\bspell\b|\b(?:repeat|say) (?:that|it)\b", re.I)
_TOPICS = {
    "birth": re.compile(r"\b(births?|birthday|birth ?date|born|dob|how old)\b", re.I),
    "email": re.compile(r"\be-?mail|\bmail address", re.I),
    "card": re.compile(r"\b(card|cvv|cvc|expir\w*|security code)\b", re.I),
    "phone": re.compile(
        r"\b(phone|telephone|mobile|cell|call (?:you|me)|reach (?:you|me))\b", re.I
    ),
    "id": re.compile(
        r"\b(social security|ssn|passport|licen[cs]e|national id|id number|identity|tax|insurance"
        r"|iban|account)\b",
        re.I,
    ),
    "number": re.compile(r"\b(numbers?|digits?|code|pin|zip|post(?:al)? ?code)\b", re.I),
}
_OF_A_DATE = re.compile(r"\b(year|month|day)\b", re.I)
# "Which day would you like to come?" is of another day than that of a birth.
_OF_A_VISIT = re.compile(
    r"\b(appointments?|arriv\w*|book\w*|come|deliver\w*|like|prefer|see|slots?|suits?|visit|works?)\b",
    re.I,
)
_OWN = re.compile(r"\b(?:my|me|is|born)\b|:", re.I)
SENTENCE = re.compile(r"[^.?!]+[.?!]*")
# "And then?" asks for nothing new.
_A_NOD = 10
# After so many turns of the caller without a digit a number is no longer being given.
_IDLE_TURNS = 3
_REMEMBERED_DIGITS = 60

NUMBER_TOPICS = frozenset({"card", "phone", "id", "number"})


@dataclass
class Pieces:
    """How much of a number one speaker has given, in one kind of event.

    Attributes:
        digits: Shown and masked alike, since the last pause; never stored.
    """

    digits: str = ""
    idle: int = 0

    def add(self, digits: str, *, quiet: bool) -> None:
        """A turn is over. `quiet`: nothing in it was a part of a number."""
        self.idle = self.idle + 1 if quiet else 0
        if self.idle >= _IDLE_TURNS:
            self.digits = ""
        self.digits = (self.digits + digits)[-_REMEMBERED_DIGITS:]


@dataclass
class Talk:
    """Follows a call.

    Attributes:
        about: What was asked for last: a key of the topics, or "".
        of_times: Whether the bot spoke of times of the day last.
        email_given: Whether somebody gave an e-mail address.
        half_date: Whether a day and month were said without a year.
        pieces: By kind of event and speaker.
    """

    about: str = ""
    of_times: bool = False
    email_given: bool = False
    half_date: bool = False
    pieces: dict[str, Pieces] = field(default_factory=dict)

    @property
    def dictated(self) -> bool:
        """Whether a number is being given."""
        given = any(len(each.digits) > SHOWN_DIGITS for each in self.pieces.values())
        return given or self.about in NUMBER_TOPICS

    def of(self, channel: str) -> Pieces:
        return self.pieces.setdefault(channel, Pieces())

    def bot_says(self, text: str) -> None:
        """The bot asked for something, or spoke of something else."""
        self.of_times = is_time_talk(text) or (self.of_times and "?" not in text)
        asking = [s for s in SENTENCE.findall(text) if "?" in s or _ASKS.search(s)]
        topics = [topic for sentence in asking if (topic := topic_of(sentence))]
        if topics:
            self.about = topics[-1]
        elif len(text) > _A_NOD and any(
            "?" in sentence and not _ASKS_AGAIN.search(sentence) for sentence in asking
        ):
            of_a_date = any(
                _OF_A_DATE.search(sentence) and not _OF_A_VISIT.search(sentence)
                for sentence in asking
            )
            self.about = self.about if self.about == "birth" and of_a_date else ""
            self.half_date = self.half_date and of_a_date

    def caller_says(self, text: str) -> None:
        """The caller named what is about to be given ("my card number is")."""
        self.about = own_topic(text, self.about)


def is_of_a_visit(text: str) -> bool:
    """Whether a sentence is of a day that somebody may come on."""
    return topic_of(text) != "birth" and bool(_OF_A_VISIT.search(text) or is_time_talk(text))


def topic_of(text: str) -> str:
    """What a sentence is of; "" for nothing that matters here."""
    return next((topic for topic, words in _TOPICS.items() if words.search(text)), "")


def own_topic(text: str, about: str) -> str:
    """What the caller gives after being asked for something; a number may be in an address."""
    own = own_topic_of(text)
    return about if not own or (own == "number" and about == "email") else own


def own_topic_of(text: str) -> str:
    """What the caller is about to give ("my card number is"); "" for nothing."""
    return topic_of(text) if _OWN.search(text) else ""
