"""Numbers that are somebody's, or may be a part of one."""

from collections.abc import Iterator, Sequence

from calls.redaction.found import Found
from calls.redaction.group import Group
from calls.redaction.naming import name_of
from calls.redaction.ordinary import ordinary, written
from calls.redaction.run import Run, runs_of
from calls.redaction.setting import SHOWN_DIGITS, Setting
from calls.redaction.spans import Spans
from calls.redaction.token import Token, glued

# A turn with fewer other words than this is nothing but a number.
_FEW_WORDS = 3
_SAID_AS_WORD = frozenset(
    "moment second minute more thing of other another question time day way".split()
)
_WORD_BEFORE = frozenset("that this the which no any every some other another only last".split())


def free_groups(
    text: str,
    tokens: Sequence[Token],
    groups: Sequence[Group],
    dates: Sequence[tuple[int, int]],
    setting: Setting,
) -> list[Group]:
    """The groups that may be a part of a number: no date, time or amount.

    Parameters:
        dates: Positions in the text of dates that are nobody's.
    """
    given = setting.given_before
    clocks = setting.of_times or not given
    plain = written(text, machine=setting.who == "log", clocks=clocks, amounts=not given)
    covered = _covered(groups, tokens, [*dates, *plain])
    left = [group for group, is_covered in zip(groups, covered, strict=True) if not is_covered]
    if setting.who == "log":
        left = [g for g in left if g.form != "part" or len(g.digits) > 8]
    usual = Spans(
        ordinary(tokens, left, setting.today, times=setting.of_times, dictated=setting.dictated)
    )
    return [group for group in left if not usual.hold(group.first, group.last)]


def numbers(
    text: str, tokens: Sequence[Token], groups: Sequence[Group], setting: Setting
) -> Iterator[Found]:
    """What is to be masked of the groups that `free_groups` left."""
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
            end += text[start] == "(" and text[end : end + 1] == ")"
            yield Found(start, end, name_of(run.digits, text[start:end], about=setting.about))


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


def _covered(
    groups: Sequence[Group], tokens: Sequence[Token], spans: Sequence[tuple[int, int]]
) -> list[bool]:
    """Which groups are in a date, time or amount, and not in a row with digits that are not."""
    plain = Spans(spans)
    covered = [plain.hold(tokens[g.first].start, tokens[g.last - 1].end) for g in groups]
    # From both sides: what is uncovered uncovers its neighbour in turn.
    for order in (range(1, len(groups)), range(len(groups) - 1, 0, -1)):
        for at in order:
            if groups[at].first == groups[at - 1].last and covered[at] != covered[at - 1]:
                beside = groups[at] if covered[at - 1] else groups[at - 1]
                if len(beside.digits) > 1:
                    covered[at] = covered[at - 1] = False
    return covered
