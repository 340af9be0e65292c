"""Further ways to spell the same few secrets, for hypothesis to combine."""

from hypothesis import strategies as st
from secrets_said import MONTHS, ONES, Secret, below_hundred, card_digits, ordinal_of

_FIGURES = (
    "0123456789",
    "٠١٢٣٤٥٦٧٨٩",
    "०१२३४५६७८९",
    "０１２３４５６７８９",
    "⓪①②③④⑤⑥⑦⑧⑨",
    "⁰¹²³⁴⁵⁶⁷⁸⁹",
)
_BETWEEN = (" ", "-", ".", "·", "|", "~", "#", " / ", "\u200b", "\u00ad", "\u2011", "\u2212", "_")
_FILLERS = ("okay so then", "um right", "hold on please", "let me see")
_DOTS = ("dot", "dot", "period")
_JOINTS = {".": "dot", "_": "underscore", "-": "hyphen"}
_NAMES = st.sampled_from(("jane", "doe", "bob", "miller", "kim"))


def _in_words(digits: str, draw: st.DrawFn) -> list[str]:
    """Digits by their names: "double four", "oh", "nought"."""
    zero, said, at = draw(st.sampled_from(("zero", "oh", "nought"))), [], 0
    while at < len(digits):
        name = zero if digits[at] == "0" else ONES[int(digits[at])]
        twice = digits[at : at + 2] == digits[at] * 2 and draw(st.booleans())
        said.append(f"double {name}" if twice else name)
        at += 2 if twice else 1
    return said


@st.composite
def numbers(draw: st.DrawFn, kind: str) -> Secret:
    """Cards and international telephone numbers, in groups over turns with fillers between."""
    if kind == "card":
        digits, plus = card_digits(draw(st.randoms(use_true_random=False))), ""
    else:
        rest = draw(st.text("0123456789", min_size=7, max_size=8))
        digits = draw(st.sampled_from(("49170", "447911", "33612", "1415"))) + rest
        plus = "+"
    if draw(st.booleans()):
        joint, parts = " ", _in_words(digits, draw)
        plus = "plus " if plus else ""
    else:
        figures = str.maketrans(_FIGURES[0], draw(st.sampled_from(_FIGURES)))
        joint, parts = draw(st.sampled_from(_BETWEEN)), []
        for size in draw(st.lists(st.integers(2, 5), min_size=8, max_size=8)):
            parts.append(digits[sum(map(len, parts)) :][:size].translate(figures))
        parts = [part for part in parts if part]
    size = draw(st.integers(2, len(parts)))
    turns = [joint.join(parts[at : at + size]) for at in range(0, len(parts), size)]
    turns[0] = plus + turns[0]
    between = draw(st.sampled_from((None, *_FILLERS)))
    spaced = [each for turn in turns for each in ((turn, between) if between else (turn,))]
    return Secret(kind, tuple(spaced), digits)


@st.composite
def emails(draw: st.DrawFn) -> Secret:
    joint, dot = draw(st.sampled_from(tuple(_JOINTS))), draw(st.sampled_from(_DOTS))
    first, second = draw(_NAMES), draw(_NAMES)
    ending = draw(st.sampled_from(("com", "org", "de")))
    said = f"{first} {_JOINTS[joint]} {second} at example {dot} {ending}"
    written = f"{first}{joint}{second}{draw(st.sampled_from(('@', ' @ ', '＠', ' (at) ')))}example"
    text = draw(st.sampled_from((said, f"{written}.{ending}")))
    lead = draw(st.sampled_from(("", "it's ", "my email is ", "you can write to ")))
    return Secret("email", (lead + text,), f"{first}{joint}{second}@example.{ending}")


@st.composite
def births(draw: st.DrawFn) -> Secret:
    day, month, year = (draw(st.integers(*each)) for each in ((1, 28), (1, 12), (1930, 1999)))
    name, short = MONTHS[month - 1], below_hundred(f"{year % 100:02}")
    text = draw(
        st.sampled_from(
            (
                f"{ordinal_of(day)} of {name} nineteen {short}",
                f"{name} {ordinal_of(day)} nineteen hundred and {short.removeprefix('oh ')}",
                f"the {day}th of {name} {year}",
                f"{day} {name} {year}",
                f"{month:02}/{day:02}/{year}",
                f"{day:02}.{month:02}.{year}",
                f"{year}-{month:02}-{day:02}",
                f"{year}/{month}/{day}",
                f"{month:02} {day:02} {year}",
                f"{day:02}{month:02}{year}",
                f"{day:02}|{month:02}|{year}",
            )
        )
    )
    never = (text,) if text[-1].isdigit() else (text, text.split(" nineteen ")[1])
    return Secret("born", (text,), f"{year}-{month:02}-{day:02}", never)
