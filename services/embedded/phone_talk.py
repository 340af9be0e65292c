"""What callers say in every phone call: numbers, dates, times, names, addresses and short answers.

The sentences are random, but the same for the same generator; the recogniser learns from them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

DIGITS = ("oh", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
    *("seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
UNITS = DIGITS[2:]
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
    *("seventeenth", "eighteenth", "nineteenth", "twentieth", "thirtieth"),
)
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FIRST_NAMES = tuple(
    """james mary robert patricia john jennifer michael linda david elizabeth william barbara
    richard susan joseph jessica thomas sarah christopher karen charles lisa daniel nancy matthew
    betty anthony margaret mark sandra donald ashley steven kimberly andrew emily paul donna joshua
    michelle kenneth carol kevin amanda brian melissa timothy deborah ronald stephanie george
    rebecca jason sharon edward laura jeffrey cynthia ryan dorothy jacob amy nicholas kathleen gary
    angela eric shirley jonathan emma stephen anna larry brenda justin pamela scott nicole brandon
    ruth benjamin katherine samuel samantha gregory christine alexander catherine patrick virginia
    frank rachel raymond janet jack maria dennis heather jerry diane peter julie henry alice adam
    jane anne helen lucy grace sophie olivia simon martin kate tom bob mike steve""".split()
)
LAST_NAMES = tuple(
    """smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez
    gonzalez wilson anderson thomas taylor moore jackson martin lee perez thompson white harris
    sanchez clark ramirez lewis robinson walker young allen king wright scott torres hill flores
    green adams nelson baker hall rivera campbell mitchell carter roberts gomez phillips evans
    turner diaz parker cruz edwards collins reyes stewart morris morales murphy cook rogers morgan
    peterson cooper reed bailey bell kelly howard ward cox richardson wood watson brooks bennett
    gray james hughes price myers long foster sanders ross powell sullivan russell jenkins perry
    butler barnes fisher henderson coleman simmons patterson jordan reynolds hamilton graham wallace
    west cole hayes ford ellis harrison gibson mcdonald marshall murray freeman wells webb simpson
    stevens tucker porter hunter hicks crawford henry mason kennedy warren dixon ramos hunt gordon
    shaw holmes rice robertson black daniels palmer mills grant knight stone""".split()
)
STREETS = tuple(
    """oak main park church high maple cedar pine elm river lake hill washington walnut spring
    mill station market bridge garden chestnut king queen""".split()
)
STREET_KINDS = ("street", "road", "avenue", "lane", "drive", "court")
SHORT_TALK = (
    "yes",
    "yes please",
    "yes that is right",
    "yes that's right",
    "yes that's correct",
    "yes it is",
    "yes i do",
    "yeah",
    "yep",
    "okay",
    "ok",
    "sure",
    "please",
    "correct",
    "that's right",
    "that is right",
    "that's correct",
    "that is correct",
    "right",
    "no",
    "no thank you",
    "no thanks",
    "no that's wrong",
    "no that is wrong",
    "no that's not right",
    "no that's all",
    "that's all",
    "that's all thank you",
    "that will be all",
    "nothing else",
    "not today",
    "thank you",
    "thanks",
    "thank you goodbye",
    "thanks bye",
    "thank you very much",
    "goodbye",
    "bye",
    "bye bye",
    "hello",
    "hi",
    "hello can you hear me",
    "can you repeat that",
    "can you repeat that please",
    "could you repeat that please",
    "please repeat that",
    "repeat please",
    "say that again please",
    "sorry",
    "sorry what did you say",
    "pardon",
    "what was that",
    "one moment please",
    "just a moment",
    "wait",
    "hold on",
    "i don't know",
    "i am not sure",
    "can i speak to a person",
    "can i talk to someone please",
    "can i speak to a human",
    "i want to speak to somebody",
    "i have a question",
    "can you help me",
    "the first one",
    "the first one please",
    "the second one please",
    "the last one",
    "any time",
    "as soon as possible",
    "stop",
    "cancel",
    "go back",
    "start over",
)


def words_of(line: str) -> list[str]:
    """The words of a line as the recogniser spells them: lower case, figures one by one."""
    line = line.lower().replace("’", "'")
    line = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1 m", line)
    line = re.sub(r"\d", lambda figure: f" {DIGITS[1:][int(figure[0])]} ", line)
    words = (word.strip("'") for word in re.split(r"[^a-z']+", line))
    return [word for word in words if word]


class PhoneTalk:
    """Random sentences of the kinds every phone call has, the same ones for the same `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def weighted_lines(self) -> Iterator[tuple[float, str]]:
        """Yields (weight, sentence); the weights of one kind add up to that kind's share."""
        for make, count, share in (
            (self.number, 3000, 600.0),
            (self.date, 2000, 300.0),
            (self.time, 600, 130.0),
            (self.day, 300, 90.0),
            (self.name, 2500, 60.0),
            (self.address, 800, 40.0),
        ):
            for _ in range(count):
                yield share / count, make()
        for line in SHORT_TALK:
            yield 2.5, line

    def variants(self, line: str, count: int) -> list[str]:
        """The line with other digits and weekdays in place of its own; empty if it has none."""
        words = line.split()
        runs = [(kind, list(run)) for kind, run in groupby(words, key=_slot)]
        if all(not _is_slot(kind, run) for kind, run in runs):
            return []
        return [
            " ".join(
                self._refilled(kind) if _is_slot(kind, run) else " ".join(run) for kind, run in runs
            )
            for _ in range(count)
        ]

    def _refilled(self, kind: str) -> str:
        return self._pick(WEEKDAYS) if kind == "weekday" else self.digits(3)

    def digits(self, least: int = 1, most: int = 8) -> str:
        length = self._rng.randint(least, most)
        zero = self._rng.choice(DIGITS[:2])
        said: list[str] = []
        while length > 0:
            digit = self._rng.choice((zero, *UNITS))
            if length > 1 and self._rng.random() < 0.04:
                said += ["double", digit]
                length -= 2
            else:
                said.append(digit)
                length -= 1
        return " ".join(said)

    def number(self) -> str:
        return self._opened(
            ("", "", "", "", "it's", "it is", "my number is", "the number is", "number"),
            self.digits(),
        )

    def date(self) -> str:
        return self._opened(
            ("", "", "", "on", "born on", "i was born on", "my date of birth is", "it's"),
            self._date(),
        )

    def time(self) -> str:
        opening = ("", "", "at", "at", "around", "what about", "how about", "maybe")
        return self._opened(opening, self._time(), ("", "", "please", "is fine", "would be good"))

    def day(self) -> str:
        day = self._pick(("today", "tomorrow", "tomorrow", "next week", *WEEKDAYS, *WEEKDAYS))
        if day in WEEKDAYS:
            day = " ".join(filter(None, (self._pick(("", "", "on", "next", "this")), day)))
        part = self._pick(("", "", "", "morning", "afternoon", "at " + self._time()))
        return self._opened(("", "", "how about", "what about"), f"{day} {part}", ("", "please"))

    def name(self) -> str:
        full = f"{self._pick(FIRST_NAMES)} {self._pick(LAST_NAMES)}"
        return self._opened(
            ("", "", "my name is", "my name is", "my name's", "it's", "this is", "i'm"), full
        )

    def address(self) -> str:
        house = self._pick((self._below_hundred(), self._below_hundred(), self.digits(3, 3)))
        if self._rng.random() < 0.1:
            house = f"one hundred {house}"
        street = f"{house} {self._pick(STREETS)} {self._pick(STREET_KINDS)}"
        return self._opened(("", "", "it's", "i live at", "my address is"), street)

    def _opened(self, openings: Sequence[str], middle: str, closings: Sequence[str] = ("",)) -> str:
        return f"{self._pick(openings)} {middle} {self._pick(closings)}".strip()

    def _pick(self, choices: Sequence[str]) -> str:
        return self._rng.choice(choices)

    def _below_hundred(self) -> str:
        tens = f"{self._pick(TENS)} {self._pick(('', *UNITS))}".strip()
        return self._pick((self._pick(UNITS), self._pick(TEENS), tens, tens))

    def _ordinal(self) -> str:
        day = self._rng.randint(1, 31)
        if day <= 20:
            return ORDINALS[day - 1]
        if day == 30:
            return ORDINALS[-1]
        return f"{'thirty' if day == 31 else 'twenty'} {ORDINALS[day % 10 - 1]}"

    def _year(self) -> str:
        rest = self._pick(
            (
                f"{self._pick(TENS)} {self._pick(UNITS)}",
                f"{self._pick(TENS)} {self._pick(UNITS)}",
                self._pick(TENS),
                f"oh {self._pick(UNITS)}",
            )
        )
        if self._rng.random() < 0.75:
            return f"nineteen {rest}"
        late = self._pick(("", self._pick(UNITS), self._pick(TEENS)))
        twenty = f"twenty {self._pick((*TEENS, 'twenty'))}"
        return self._pick((f"two thousand {late}", f"two thousand and {late or 'one'}", twenty))

    def _date(self) -> str:
        month, day = self._pick(MONTHS), self._ordinal()
        said = self._pick((f"the {day} of {month}", f"{month} {day}", f"{month} the {day}"))
        return f"{said} {self._year()}" if self._rng.random() < 0.7 else said

    def _time(self) -> str:
        hour = self._pick((*UNITS, "ten", "eleven", "twelve"))
        minutes = self._pick(("", "fifteen", "thirty", "thirty", "forty five", "twenty", "ten"))
        return self._pick(
            (
                f"{hour} {minutes}".strip(),
                f"{hour} {minutes}".strip(),
                f"half past {hour}",
                f"quarter past {hour}",
                f"quarter to {hour}",
                f"{hour} {self._pick(('a m', 'p m'))}",
                f"{hour} o'clock",
                f"{hour} in the {self._pick(('morning', 'afternoon'))}",
            )
        )


def _slot(word: str) -> str:
    if word in DIGITS:
        return "digits"
    return "weekday" if word in WEEKDAYS else ""


def _is_slot(kind: str, run: list[str]) -> bool:
    # A single digit is more often a word ("one moment", "two of them") than a number.
    return kind == "weekday" or (kind == "digits" and len(run) > 1)
