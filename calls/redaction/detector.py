"""Finds what is not to be kept in one text, knowing what the talk is of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from calls.redaction.birth import birth_dates, short_year
from calls.redaction.day import days
from calls.redaction.email import emails
from calls.redaction.found import Found, merged
from calls.redaction.group import Group, groups_of
from calls.redaction.naming import cards, ids, name_of
from calls.redaction.ordinary import is_time_talk, ordinary, written
from calls.redaction.run import Run, runs_of
from calls.redaction.spelled_email import email_pieces
from calls.redaction.talk import SHOWN_DIGITS, topic_of
from calls.redaction.token import Token, glued, tokens_of

# A turn with fewer other words than this is nothing but a number.
_FEW_WORDS = 3
_SAID_AS_WORD = frozenset(
    "moment second minute more thing of other another question time day way".split()
)
_WORD_BEFORE = frozenset("that this the which no any every some other another only last".split())


@dataclass(frozen=True)
class Setting:
    """Around a text.

    Attributes:
        who: "caller", "bot", "tool" or "log".
        about: As in `Talk`.
        dictated: As in `Talk`.
        of_times: As in `Talk`.
        half_date: As in `Talk`.
        given: Digits that the caller gave, which the bot may repeat.
        room: How many digits the caller may still show.
    """

    who: str
    today: date
    about: str = ""
    dictated: bool = False
    of_times: bool = False
    half_date: bool = False
    given: str = ""
    room: int = SHOWN_DIGITS


@dataclass(frozen=True)
class Findings:
    """What was found in a text.

    Attributes:
        found: In order, without overlaps.
        digits: Of every number that may be a part of a longer one, shown or not.
        half_date: A day and month without a year.
        whole_birth: A whole date of birth.
    """

    found: list[Found]
    digits: str
    half_date: bool
    whole_birth: bool


def search(text: str, setting: Setting) -> Findings:
    """Find what is not to be kept."""
    tokens = tokens_of(text)
    about = setting.about
    if setting.who in ("caller", "tool"):
        about = topic_of(text) or about
    birth = about == "birth"
    dates = list(days(text, tokens, setting.today, birth=birth))
    old = [Found(d.start, d.end, "[date of birth]") for d in dates if d.whole and d.old]
    found = [*old, *(Found(*span, "[card]") for span in cards(text))]
    found += [Found(*span, "[id]") for span in ids(text)]
    halves = setting.who == "caller" or about == "email"
    found += emails(text, tokens, pieces=halves and setting.who != "log")
    if about == "email" and setting.who == "caller":
        found += email_pieces(text, tokens)
    if birth:
        found += birth_dates(tokens, who=setting.who, asked=setting.about == "birth")
    elif setting.half_date and setting.who == "caller":
        found += short_year(tokens)
    groups = _outside(found, tokens, groups_of(tokens))
    common = [] if birth else [(d.start, d.end) for d in dates if not d.old]
    common += written(text, machine=setting.who != "caller")
    free = _free(groups, tokens, _covered(groups, tokens, common), setting, text)
    numbers = list(_numbers(text, tokens, free, setting, about))
    return Findings(
        merged([*found, *numbers]),
        "".join(group.digits for group in free),
        half_date=any(not d.whole for d in dates),
        whole_birth=bool(old),
    )


def _outside(
    found: Sequence[Found], tokens: Sequence[Token], groups: Sequence[Group]
) -> list[Group]:
    """Without the digits of a date or an address, which are a part of nothing else."""
    done = [one for one in found if one.mask in ("[date of birth]", "[email]")]
    return [
        group
        for group in groups
        if not any(one.start <= tokens[group.first].start < one.end for one in done)
    ]


def _covered(
    groups: Sequence[Group], tokens: Sequence[Token], spans: Sequence[tuple[int, int]]
) -> list[bool]:
    """Which groups are in a date, time or amount, and not in a row with digits that are not."""
    covered = [
        any(
            start <= tokens[g.first].start and tokens[g.last - 1].end <= end for start, end in spans
        )
        for g in groups
    ]
    changed = True
    while changed:
        changed = False
        for at in range(1, len(groups)):
            if groups[at].first == groups[at - 1].last and covered[at] != covered[at - 1]:
                beside = groups[at] if covered[at - 1] else groups[at - 1]
                if len(beside.digits) > 1:
                    covered[at] = covered[at - 1] = False
                    changed = True
    return covered


def _free(
    groups: Sequence[Group],
    tokens: Sequence[Token],
    covered: Sequence[bool],
    setting: Setting,
    text: str,
) -> list[Group]:
    """The groups that may be a part of a number."""
    left = [group for group, is_covered in zip(groups, covered, strict=True) if not is_covered]
    if setting.who == "log":
        left = [g for g in left if g.form != "part" or len(g.digits) > 8]
    times = is_time_talk(text) or (setting.of_times and setting.who == "caller")
    spans = list(ordinary(tokens, left, setting.today, times=times, dictated=setting.dictated))
    return [g for g in left if not any(a <= g.first and g.last <= b for a, b in spans)]


def _numbers(
    text: str, tokens: Sequence[Token], groups: Sequence[Group], setting: Setting, about: str
) -> Iterator[Found]:
    runs = runs_of(tokens, groups)
    long = 4 if setting.who == "log" else 3
    dictated = setting.dictated or any(len(run.digits) >= long for run in runs)
    if setting.who == "caller" and sum(len(run.digits) for run in runs) > setting.room:
        dictated = dictated or setting.room < SHOWN_DIGITS
    others = len(tokens) - sum(run.last - run.first for run in runs)
    for run in runs:
        size = len(run.digits)
        if size >= long or (dictated and _is_piece(run, tokens, setting, others)):
            first, last = _with_letters(run, tokens)
            start, end = tokens[first].start, tokens[last - 1].end
            while start and text[start - 1] in "+(":
                start -= 1
            yield Found(start, end, name_of(run.digits, text[start:end], about=about))


def _is_piece(run: Run, tokens: Sequence[Token], setting: Setting, others: int) -> bool:
    """Whether a short run is a part of the number that is being given."""
    if setting.who == "log":
        return any(group.form == "small" for group in run.groups)
    if setting.who != "caller" and run.digits not in setting.given:
        return False
    if len(run.digits) >= SHOWN_DIGITS:
        return True
    before = tokens[run.first - 1].text if run.first else ""
    after = tokens[run.last].text if run.last < len(tokens) else ""
    if before in _WORD_BEFORE or after in _SAID_AS_WORD:
        return False
    at_an_end = setting.who == "caller" and (run.last == len(tokens) or run.first == 0)
    return others <= _FEW_WORDS or at_an_end


def _with_letters(run: Run, tokens: Sequence[Token]) -> tuple[int, int]:
    """Single letters around a number, and what is written together with it, are a part of it."""
    first, last = run.first, run.last
    while first > 0 and (_is_letter(tokens[first - 1]) or glued(tokens, first - 1, first)):
        first -= 1
    while last < len(tokens) and (_is_letter(tokens[last]) or glued(tokens, last - 1, last)):
        last += 1
    return first, last


def _is_letter(token: Token) -> bool:
    return len(token.text) == 1 and token.text not in ("a", "i") and not token.figures
