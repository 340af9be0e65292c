"""Secrets as callers give them, made without a word of the detector's."""

import random
import string
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

ONES = "zero one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
MONTHS = (
    "January February March April May June July August September October November December".split()
)
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split()
)
SEPARATORS = (" ", "-", ".", "/", ", ", " - ", "_", "\u00a0", " / ", "*", ":", "\u2013", "")
GO_ON = ("go on", "mm-hm", "okay", "And then?", "Yes.", "I am listening.", "got it, go on")
LEADS = {
    "card": ("my card number is", "it's", "the card is", "yes it is", ""),
    "phone": ("my number is", "you can call me at", "it's", "call me back on", ""),
    "email": ("my email is", "it's", "you can write to", "send it to", ""),
    "born": ("i was born on", "my date of birth is", "it's", ""),
}
ASKED = {
    "card": "What is your card number?",
    "phone": "Which telephone number can we reach you on?",
    "email": "And what is your e-mail address?",
    "born": "And what is your date of birth?",
}


@dataclass(frozen=True)
class Secret:
    """What may never be found.

    Attributes:
        kind: "card", "phone", "email" or "born".
        turns: The caller's turns that give it, together.
        value: Its digits, the address, or the date in ISO form.
        never: Texts that may not be found either, whatever the case.
    """

    kind: str
    turns: tuple[str, ...]
    value: str
    never: tuple[str, ...] = field(default=())

    @property
    def pieces(self) -> tuple[str, ...]:
        """What each turn gives of it, without the words before it."""
        leads = sorted(LEADS[self.kind], key=len, reverse=True)
        first = next(lead for lead in leads if self.turns[0].startswith(lead))
        return self.turns[0].removeprefix(first).strip(), *self.turns[1:]


def card_digits(rng: random.Random) -> str:
    length = rng.choice((13, 14, 15, 16, 16, 16, 16, 19))
    body = rng.choice(("4", "51", "37", "6011", "36", "2221", "62"))
    body += "".join(rng.choice(string.digits) for _ in range(length - 1 - len(body)))
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(body))]
    return body + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def phone_digits(rng: random.Random) -> tuple[str, str]:
    """The digits, and how the number begins when it is written."""
    place = rng.choice(("us", "us+", "uk", "uk+", "de+", "fr", "short"))
    rest = "".join(rng.choice(string.digits) for _ in range(12))
    match place:
        case "us":
            return rng.choice("23456789") + rest[:9], ""
        case "us+":
            return "1" + rng.choice("23456789") + rest[:9], "+"
        case "uk":
            return "07" + rest[:9], ""
        case "uk+":
            return "447" + rest[:9], "+"
        case "de+":
            return "4917" + rest[:9], "+"
        case "fr":
            return "06" + rest[:8], ""
    return rng.choice("23456789") + rest[:6], ""


def chunks(rng: random.Random, digits: str, sizes: tuple[int, ...]) -> list[str]:
    parts = []
    while digits:
        size = rng.choice(sizes)
        parts.append(digits[:size])
        digits = digits[size:]
    return parts


def typed(rng: random.Random, digits: str, plus: str = "") -> list[str]:
    """As written: pieces that are joined by a separator."""
    if rng.random() < 0.2 and not plus:
        return [f"({digits[:3]})", *chunks(rng, digits[3:], (3, 4))]
    parts = chunks(rng, digits, rng.choice(((4,), (3, 4), (2,), (1,), (5, 6), (19,))))
    return [plus + parts[0], *parts[1:]]


def spoken(rng: random.Random, digits: str) -> list[str]:
    """As said: words, one element a word or a pair that belongs together."""
    pairs = rng.random() < 0.4
    zero = rng.choice(("zero", "oh", "o"))
    said: list[str] = []
    at = 0
    while at < len(digits):
        same = 1
        while at + same < len(digits) and digits[at + same] == digits[at] and same < 3:
            same += 1
        name = zero if digits[at] == "0" else ONES[int(digits[at])]
        if same > 1 and rng.random() < 0.5:
            said.append(f"{('double', 'triple')[same - 2]} {name}")
            at += same
        elif pairs and digits[at] != "0" and at + 1 < len(digits):
            said.append(below_hundred(digits[at : at + 2], rng.choice((" ", "-"))))
            at += 2
        else:
            said.append(name)
            at += 1
    return said


def below_hundred(two: str, joint: str = " ") -> str:
    value = int(two)
    if value < 10:
        return f"oh {ONES[value]}"
    if value < 20:
        return TEENS[value - 10]
    ten = TENS[value // 10 - 2]
    return f"{ten}{joint}{ONES[value % 10]}" if value % 10 else ten


def split(rng: random.Random, parts: list[str], joint: str) -> list[str]:
    """The parts over one turn or several."""
    turns = rng.choice((1, 1, 2, 3, 4, len(parts)))
    cuts = sorted(rng.sample(range(1, len(parts)), min(turns, len(parts)) - 1))
    bounds = [0, *cuts, len(parts)]
    return [joint.join(parts[a:b]) for a, b in pairwise(bounds)]


def number(rng: random.Random, kind: str) -> Secret:
    digits, plus = (card_digits(rng), "") if kind == "card" else phone_digits(rng)
    if rng.random() < 0.4:
        turns = split(rng, typed(rng, digits, plus), rng.choice(SEPARATORS))
    else:
        parts = spoken(rng, digits)
        if rng.random() < 0.3:
            parts.insert(rng.randrange(len(parts)), rng.choice(("uh", "um", "then", "and")))
        turns = split(rng, parts, rng.choice((" ", " ", ", ")))
    return Secret(kind, _led(rng, kind, turns), digits)


def email(rng: random.Random) -> Secret:
    names = ("john", "mary", "smith", "o", "neil", "anna", "k", "lee", "blue", "sky", "jones")
    local = rng.sample(names, rng.choice((1, 2, 2, 3)))
    joints = [rng.choice((".", "_", "-", "")) for _ in local[1:]]
    tail = rng.choice(("", "", "7", "81"))
    domain = [
        rng.choice(("gmail", "example", "maple", "web")),
        *rng.choice((["com"], ["co", "uk"])),
    ]
    address = local[0] + "".join(j + n for j, n in zip(joints, local[1:], strict=True))
    address += tail + "@" + ".".join(domain)
    if rng.random() < 0.4:
        written = address if rng.random() < 0.7 else address.replace("@", " @ ")
        return Secret("email", _led(rng, "email", [written]), address)
    names_of = {".": "dot", "_": "underscore", "-": rng.choice(("dash", "hyphen"))}
    spell = rng.random() < 0.2
    said = [" ".join(local[0]) if spell else local[0]]
    for joint, name in zip(joints, local[1:], strict=True):
        said += [names_of[joint]] if joint else []
        said.append(" ".join(name) if spell else name)
    said += {"": [], "7": ["seven"], "81": [rng.choice(("eighty one", "eight one"))]}[tail]
    after = ["at", domain[0], *(word for part in domain[1:] for word in ("dot", part))]
    turns = [" ".join([*said, *after])]
    if rng.random() < 0.4:
        turns = [" ".join(said), " ".join(after)]
    return Secret("email", _led(rng, "email", turns), address)


def born(rng: random.Random, today: date) -> Secret:
    day = date(rng.randrange(today.year - 99, today.year - 6), rng.randint(1, 12), 1)
    day = day.replace(day=rng.randint(1, 28))
    month, ordinal = MONTHS[day.month - 1], ordinal_of(day.day)
    short = f"{day.year % 100:02}"
    year = _spoken_year(rng, day.year)
    if rng.random() < 0.4:
        sep = rng.choice("-/.")
        text = rng.choice(
            (
                day.isoformat(),
                f"{day.month}{sep}{day.day}{sep}{day.year}",
                f"{day.month:02}{sep}{day.day:02}{sep}{short}",
                f"{day.day}{sep}{day.month}{sep}{day.year}",
                f"{month} {day.day}, {day.year}",
                f"{day.day} {month[:3]} {day.year}",
                f"{month} {day.day}th {day.year}",
                f"{day:%m%d%Y}",
            )
        )
        return Secret("born", _led(rng, "born", [text]), day.isoformat(), (text,))
    before = rng.choice(
        (f"the {ordinal} of {month}", f"{month} {ordinal}", f"{month} the {ordinal}")
    )
    turns = [f"{before}{rng.choice((' ', ', '))}{year}"]
    if rng.random() < 0.4:
        turns = [before, year]
    said = tuple(turn.lower() if rng.random() < 0.5 else turn for turn in turns)
    return Secret("born", _led(rng, "born", said), day.isoformat(), (year,))


def ordinal_of(day: int) -> str:
    if day <= 20:
        return ORDINALS[day - 1]
    return f"twenty {ORDINALS[day - 21]}"


def _spoken_year(rng: random.Random, year: int) -> str:
    if year >= 2000:
        rest = year - 2000
        if rest == 0:
            return "two thousand"
        tail = below_hundred(str(rest)).removeprefix("oh ")
        return rng.choice((f"two thousand {tail}", f"two thousand and {tail}"))
    tail = below_hundred(str(year)[2:]) if year % 100 else "hundred"
    century = TEENS[year // 100 - 10]
    if year % 100 > 31 and rng.random() < 0.3:
        return tail
    return f"{century} {tail}"


def _led(rng: random.Random, kind: str, turns: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    lead = rng.choice(LEADS[kind])
    return (f"{lead} {turns[0]}".strip(), *turns[1:])


def secret(seed: int, kind: str, today: date) -> Secret:
    """One of a kind, the same for the same seed."""
    rng = random.Random(f"{kind} {seed}")
    if kind == "email":
        return email(rng)
    return born(rng, today) if kind == "born" else number(rng, kind)
