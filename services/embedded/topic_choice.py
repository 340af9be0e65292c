"""Which topic a caller turns to, and how sure of it one must be."""

from collections.abc import Sequence

from services.embedded.desk import Desk, Desks, Duty
from services.embedded.matching import Match

MEANT = 0.55
"""Score from which words are taken to be about a topic."""
PERHAPS = 0.42
"""Score from which the caller is asked whether that was meant."""
SWITCH = 0.7
"""Score from which words that do not answer the open question leave it for another topic."""
SWITCH_OVER_ANSWER = 0.88
"""The same for words that could also be an answer."""
HANG_UP = 0.72
"""Score from which words are taken for a farewell: nothing can be mended after it."""
WORD_FOR_WORD = 0.95


def is_about(matches: Sequence[Match], bar: float) -> bool:
    """Whether the best match reaches the bar."""
    return bool(matches) and matches[0].score >= bar


def topics_in(desks: Desks, text: str) -> tuple[Match, ...]:
    """The desks that the words may be about, best first; farewells only when they are clear."""
    return tuple(
        match
        for match in desks.matcher.matches(text)
        if match.score >= HANG_UP or desks[match.key].duty is not Duty.GOODBYE
    )


def emergency(desks: Desks, text: str, matches: Sequence[Match], bar: float) -> Desk | None:
    """The desk that tells where to get help at once, or None.

    A false alarm costs a sentence, a missed one may cost a life: from `MEANT` on it goes before
    every topic that was not named word for word. `bar` may lie below that, as long as nothing else
    may be meant ("my chest of drawers is damaged"). One word that no other topic knows must be
    said clearly, or noise would raise the alarm.
    """
    calm = max((match.score for match in matches if not desks[match.key].urgent), default=0.0)
    for match in matches:
        desk = desks[match.key]
        if not desk.urgent or match.score < bar:
            continue
        sure = match.score >= MEANT
        outdone = calm >= WORD_FOR_WORD > match.score if sure else calm >= PERHAPS
        if not outdone and desks.matcher.names(text, match.key):
            return desk
    return None


def other_desk(desks: Desks, desk: Desk, bar: float, matches: Sequence[Match]) -> Desk | None:
    """The desk that words spoken at this desk turn to, or None."""
    if not matches:
        return None
    best = matches[0]
    own = max(
        (match.score for match in matches if _same(desks[match.key], desk)),
        default=0.0,
    )
    other = desks[best.key]
    return other if not _same(other, desk) and best.score >= max(bar, own + 0.1) else None


def _same(one: Desk, other: Desk) -> bool:
    return one.key == other.key or bool(one.tool and one.tool == other.tool)
