"""What else callers say in answer to a question: yes and no, names, free text, choices.

Numbers, times and dates have modules of their own; `spoken` words any value for the ear.
"""

import re
from collections.abc import Sequence
from datetime import date, time

from rapidfuzz import fuzz

from services.embedded.spoken_dates import spoken_date
from services.embedded.spoken_numbers import (
    HESITATIONS,
    TEENS,
    TENS,
    UNITS,
    split_words,
    spoken_digits,
    words_of,
)
from services.embedded.spoken_times import spoken_time

_YES = frozenset(
    "yes yeah yep yup yah sure correct right exactly absolutely definitely certainly affirmative "
    "ok okay perfect great fine please true indeed".split()
)
_FIRM_YES = frozenset(
    "yes yeah yep yup sure correct exactly absolutely definitely perfect affirmative".split()
)
_NO = frozenset("no nope nah wrong incorrect negative not don't never isn't cannot can't".split())
_YES_PHRASES = (
    "that's right",
    "that is right",
    "that's correct",
    "that is correct",
    "that's fine",
    "that is fine",
    "go ahead",
    "please do",
    "do it",
    "do that",
    "sounds good",
    "sounds right",
    "why not",
    "of course",
    "all right",
    "no problem",
    "no worries",
    "by all means",
    "i do",
    "i would",
    "book it",
    "not a problem",
)
_NO_PHRASES = (
    "not really",
    "not right",
    "not correct",
    "isn't right",
    "not quite",
    "no way",
    "don't think so",
    "do not",
    "i don't",
    "don't do",
    "rather not",
    "of course not",
)
_WRONG = frozenset("not quite right correct wrong incorrect a mistake".split())
_POLITE = HESITATIONS | frozenset(
    "please thanks thank you okay ok so oh hi hello hey yes yeah sure and but just actually "
    "sorry right then".split()
)
_NAME_LEAD_INS = re.compile(
    r"\b(?:names?(?:'s)?(?: (?:is|it's|as|was|has|his))?"
    r"|(?:under|in|for) the name(?: of)?|this is|it is|it's|its|i am|i'm|that is|that's"
    r"|call me|speaking is)\s+",
)
_SURE_NAME_LEAD_INS = re.compile(
    r"\b(?:my (?:full )?name(?: is|'s)|the name(?: is|'s)|under the name(?: of)?"
    r"|in the name of|for the name)\s+"
)
_NO_NAME = frozenset(
    "a an the not what why how where when who which i you he she it we they don't do does is am "
    "are was calling looking trying about for from with to my your and or no yes that this there "
    "can could would want need know sure order number appointment again repeat help "
    "wrong right correct incorrect".split()
)
_NAME_ENDS = frozenset("and i i'm i'd born my calling from date on at with please thanks".split())
_REASON = re.compile(r"\b(?:because of|because|cause|since|due to|the reason is(?: that)?)\s+")
_OPENING = r"^(?:(?:uh|um|er|well|so|yes|yeah|sure|okay|ok|no|please|hello|hi)[\s,.]+)*"
_FREE_TEXT_LEAD_INS = re.compile(
    _OPENING
    + r"(?:(?:it's|its|it is|that's|that is|that would be|change it to|make it|to)[\s,.]+)?",
    re.IGNORECASE,
)
# "It is too small" says what is wrong; "it is Elm Street" only says Elm Street.
_STORY_LEAD_INS = re.compile(_OPENING + r"(?:(?:it was )?because(?: of)?[\s,.]+)?", re.IGNORECASE)
_STORIES = frozenset(
    "reason problem issue message note notes comment complaint description symptoms details "
    "question request".split()
)
_TRAILING_POLITENESS = re.compile(
    r"[\s,.!?]*(?:\b(?:please|thanks|thank you(?: very much)?)\b[\s,.!?]*)*$", re.IGNORECASE
)


def yes_or_no(text: str) -> bool | None:
    """Whether the caller agreed; None when the words say neither."""
    words = [word for word in words_of(text) if word not in HESITATIONS]
    plain = " ".join(words)
    if not words:
        return None
    says_yes = any(re.search(rf"\b{phrase}\b", plain) for phrase in _YES_PHRASES)
    says_no = any(re.search(rf"\b{phrase}\b", plain) for phrase in _NO_PHRASES)
    if says_no:
        return False
    if says_yes:
        return True
    if words[0] in _NO:
        return words[0] == "no" and len(words) > 1 and words[1] in _FIRM_YES
    if any(word in ("wrong", "incorrect", "nope") for word in words):
        return False
    if any(word in _NO for word in words):
        return False if len(words) <= 6 else None
    if words[0] in _YES and (len(words) <= 4 or words[0] in _FIRM_YES):
        return True
    if len(words) <= 5 and any(word in _FIRM_YES for word in words):
        return True
    return None


def without_politeness(words: Sequence[str]) -> list[str]:
    """Words without the hesitations and courtesies that surround an answer."""
    kept = list(words)
    while kept and kept[0] in _POLITE:
        kept.pop(0)
    while kept and kept[-1] in _POLITE:
        kept.pop()
    return kept


def find_name(text: str, *, asked: bool) -> str | None:
    """A person's name, in title case, or None.

    Args:
        text: What the caller said, cleared of dates, times and numbers.
        asked: The caller was asked for a name, so that a name alone is one. Otherwise only what
            follows "my name is" counts.
    """
    lead_ins = _NAME_LEAD_INS if asked else _SURE_NAME_LEAD_INS
    plain = re.sub(r"(?i)\s+(?:is|as) (?:my|the) name\W*$", "", text.replace("’", "'"))
    said_before = list(lead_ins.finditer(plain.lower()))
    lead_in = said_before[-1] if said_before else None
    if lead_in is None and not asked:
        return None
    said = plain[lead_in.end() :] if lead_in else plain
    words = without_politeness(words_of(said))
    words = _joined_spelling([word for word in words if not word[0].isdecimal()])
    for position, word in enumerate(words):
        if word in _NAME_ENDS:
            words = words[:position]
            break
    words = [word for word in words if word not in HESITATIONS][:4]
    if not words or (asked and len(words) > 3 and not lead_in) or _NO_NAME & set(words):
        return None
    if not set(words) - {*UNITS, *TEENS, *TENS}:
        return None
    return " ".join(_name_case(word) for word in words)


def _name_case(word: str) -> str:
    prefix = "O'" if word.startswith("o'") and len(word) > 2 else ""
    return prefix + word[2 if prefix else 0 :].capitalize()


def _joined_spelling(words: Sequence[str]) -> list[str]:
    """Letters said one by one as one word, replacing the word that they spell."""
    joined: list[str] = []
    letters = ""
    for word in [*words, ""]:
        if len(word) == 1:
            letters += word
            continue
        if len(letters) > 1:
            if joined and fuzz.ratio(joined[-1], letters) >= 50:
                joined.pop()
            joined.append(letters)
        elif letters:
            joined.append(letters)
        letters = ""
        if word:
            joined.append(word)
    return joined


def asks_for_a_story(label: str) -> bool:
    """Whether an open question of that label ("reason") is answered by telling what happened."""
    return bool(_STORIES & set(label.split()[-1:]))


def find_free_text(text: str, label: str, *, asked: bool) -> str | None:
    """The words that answer an open question, without their lead-in, or None.

    Args:
        text: What the caller said.
        label: What is asked for, in words ("new address", "reason").
        asked: The caller was asked for it. Otherwise only what follows "my new address is" or,
            for a reason, "because" counts.
    """
    noun = label.split()[-1] if label else ""
    story = asks_for_a_story(label)
    plain = text.replace("’", "'").strip()
    named = re.search(
        rf"\b(?:(?:my|the|our|a) )?(?:\w+ )?{re.escape(noun)}(?:'s| is| was| will be| to)\s+(?=\S)",
        plain.lower(),
    )
    if named and noun:
        if set(words_of(plain[named.end() :])) <= _WRONG:
            return None
        said = plain[named.end() :]
    elif noun == "reason" and (because := _REASON.search(plain.lower())):
        said = plain[because.end() :]
    elif asked:
        lead_ins = _STORY_LEAD_INS if story else _FREE_TEXT_LEAD_INS
        said = lead_ins.sub("", plain, count=1)
    else:
        return None
    said = _TRAILING_POLITENESS.sub("", said).strip(" ,.!?")
    return said if without_politeness(words_of(said)) else None


def find_choice(text: str, choices: Sequence[str]) -> str | None:
    """Which of the choices the words come nearest to, or None."""
    words = words_of(text)
    scored: list[tuple[float, str]] = []
    for choice in choices:
        wanted = words_of(choice.replace("_", " "))
        if not wanted:
            continue
        # "after noon" may be "afternoon": the spaces do not count.
        windows = [
            "".join(words[at : at + width])
            for width in (len(wanted), len(wanted) + 1)
            for at in range(max(len(words) - width + 1, 1))
        ]
        scored.append((max(fuzz.ratio("".join(wanted), window) for window in windows), choice))
    best = max(scored, default=(0.0, ""), key=lambda pair: pair[0])
    return best[1] if best[0] >= 80 else None


def spoken(value: object, today: date, *, as_digits: bool = False) -> str:
    """A tool argument or a fact for the ear.

    Dates "YYYY-MM-DD" and times "HH:MM" are worded; with `as_digits` a string of digits is said
    one by one; lists are joined with "and".
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple)):
        parts = [spoken(item, today, as_digits=as_digits) for item in value]
        return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)
    text = str(value)
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return spoken_date(date.fromisoformat(text), today)
        if re.fullmatch(r"\d\d:\d\d", text):
            return spoken_time(time.fromisoformat(text))
    except ValueError:
        return text
    if isinstance(value, str) and text.isdecimal() and (as_digits or len(text) > 4):
        return spoken_digits(text)
    return text


def slice_of(text: str, taken: Sequence[tuple[int, int]]) -> str:
    """The text without the given half-open ranges of its words."""
    words = split_words(text)
    kept = [
        text[word.start : word.end]
        for position, word in enumerate(words)
        if not any(start <= position < end for start, end in taken)
    ]
    return " ".join(kept)
