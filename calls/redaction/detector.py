"""Finds what is not to be kept in one text, knowing what the talk is of."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from calls.redaction.alphabet import as_letters
from calls.redaction.birth import birth_dates, short_year
from calls.redaction.day import Day, days
from calls.redaction.email import emails
from calls.redaction.found import Found, merged
from calls.redaction.group import Group, groups_of
from calls.redaction.naming import cards, ids
from calls.redaction.number import free_groups, numbers
from calls.redaction.ordinary import is_time_talk
from calls.redaction.setting import Setting
from calls.redaction.spans import Spans
from calls.redaction.spelled_email import email_pieces, spelled_pieces
from calls.redaction.talk import NUMBER_TOPICS, SENTENCE, is_of_a_visit, own_topic, own_topic_of
from calls.redaction.token import Token, tokens_of


@dataclass(frozen=True)
class Findings:
    """What was found in a text.

    Attributes:
        found: In order, without overlaps.
        digits: Of every number that may be a part of a longer one, shown or not.
        half_date: There is a day and month without a year.
    """

    found: list[Found]
    digits: str
    half_date: bool


def search(text: str, around: Setting) -> Findings:
    """Find what is not to be kept."""
    tokens = tokens_of(text)
    setting = _with_own_words(text, around)
    # A measurement of a program's looks like the day and month of a birthday.
    birth = setting.about == "birth" and setting.who != "log"
    dates = list(days(text, tokens, setting.today, birth=birth))
    # A line quotes a piece of the talk, without the words that tell whose day and month it is.
    in_log = setting.who == "log"
    of_birth = in_log and own_topic_of(text) == "birth"
    found = [
        Found(d.start, d.end, "[date of birth]")
        for d in dates
        if (d.whole and d.old) or (d.form == "named" and (of_birth or (in_log and not d.whole)))
    ]
    found += [Found(*span, "[card]") for span in cards(text)]
    found += [Found(*span, "[id]") for span in ids(text)]
    # A tool's names have the form of half an address.
    emailed = setting.about == "email" or (setting.email_given and setting.who == "bot")
    pieces = setting.who == "caller" or (setting.who != "log" and emailed)
    found += emails(text, tokens, pieces=pieces)
    if emailed and setting.who in ("bot", "caller"):
        found += spelled_pieces(tokens)
    if setting.about == "email" and setting.who == "caller":
        found += email_pieces(text, tokens)
    if birth:
        asked = around.about == "birth"
        sentences = _sentences(text, tokens) if setting.who == "bot" else [(text, tokens)]
        for sentence, its in sentences:
            of_birth = asked and not (setting.who == "bot" and is_of_a_visit(sentence))
            found += birth_dates(its, who=setting.who, asked=of_birth)
    elif setting.half_date:
        found += short_year(tokens)
    if setting.about == "id" and setting.who != "log":
        tokens = as_letters(tokens)
    groups = _outside(found, tokens, groups_of(tokens))
    young = [(d.start, d.end) for d in dates if _is_nobodys(d, setting)]
    free = free_groups(text, tokens, groups, young, setting)
    # A number and nothing else may be a part of a longer one, whatever it looks like.
    bare = len(tokens) <= sum(group.last - group.first for group in groups) + 1
    pieces_given = groups if bare and not setting.of_times and not young else free
    return Findings(
        merged([*found, *numbers(text, tokens, free, setting)]),
        "".join(group.digits for group in pieces_given),
        half_date=any(not d.whole for d in dates),
    )


def _sentences(text: str, tokens: Sequence[Token]) -> Iterator[tuple[str, list[Token]]]:
    """A text's sentences with their tokens."""
    starts = [one.start for one in tokens]
    for match in SENTENCE.finditer(text):
        first, last = (bisect_left(starts, at) for at in match.span())
        yield match.group(), list(tokens[first:last])


def _is_nobodys(day: Day, setting: Setting) -> bool:
    """Whether a date may stand; while a number is given, "06-28-25" is rather a part of that."""
    if day.old or setting.about == "birth":
        return False
    by_program = day.form == "iso" and setting.who != "caller"
    return day.form == "named" or by_program or not setting.given_before


def _with_own_words(text: str, around: Setting) -> Setting:
    """The setting with what the text itself tells of it."""
    if around.who in ("bot", "log"):
        return replace(around, of_times=is_time_talk(text))
    about = own_topic(text, around.about)
    return replace(
        around,
        about=about,
        dictated=around.dictated or about in NUMBER_TOPICS,
        of_times=is_time_talk(text) or (around.of_times and about not in NUMBER_TOPICS),
    )


def _outside(
    found: Sequence[Found], tokens: Sequence[Token], groups: Sequence[Group]
) -> list[Group]:
    """Without the digits of a date or an address, which are a part of nothing else."""
    done = Spans(
        (one.start, one.end) for one in found if one.mask in ("[date of birth]", "[email]")
    )
    return [
        group
        for group in groups
        if not done.hold(tokens[group.first].start, tokens[group.first].end)
    ]
