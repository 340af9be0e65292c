"""What the ends of sentences tell: English words after which there is more to come, or nothing."""

import re

from calls.turn_taking.words import FILLERS, words_of

_TIME = r"(moment|second|sec|minute|tick|bit)"
# The caller asks for time to think, to look something up, or for silence.
_ASKS_FOR_TIME = re.compile(
    r"\b(let me (see|think|check|look|find)( it| that| for it)?( up)?"
    rf"|(just |wait |give me )?(one|a) {_TIME}|hold on|hang on|wait|bear with me)( please)?$"
)
_LEADS_ON = frozenset(
    "a an and because but i if its my of or our than the their to until very we which your".split()
)
_LEADS_ON_ALONE = frozenset("actually also ah ehm er oh so then well".split())
# "My number is" leads on, "where it is" does not.
_LEADS_ON_IN_STATEMENTS = frozenset(
    "about am are at can could for from is was were will with would".split()
)
_OF_WHOLE_CLAUSES = frozenset(
    "he how it she that there they this what when where which who why".split()
)
_DIGITS = frozenset("zero oh o one two three four five six seven eight nine double triple".split())
_TENS = frozenset(
    """ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty
    forty fifty sixty seventy eighty ninety hundred thousand""".split()
)
_MONTHS = frozenset(
    """january february march april may june july august september october november december
    """.split()
)
# A phrase that needs an object, or that announces a question.
_ANNOUNCES = re.compile(
    r"\b((want|wanted|like|need|have|going|able) to( know| ask| hear| see| say)?|to know|to ask"
    r"|tell me|i (would|wanted|need|want)|looking for|how about|what about)( please)?$"
)
_MODALS = frozenset(("march", "may"))
_COUNT = "zero one two three four five six seven eight nine ten eleven twelve".split()
_N_DIGITS = re.compile(r"\b(\d+|[a-z]+)[ -](digit|figure|number|letter|character)s?\b")
_OF_ADDRESSES = frozenset("at dot underscore dash hyphen slash".split())
_ENDS_ADDRESS = frozenset("com org net edu de uk io us info gov".split())

_AGREES = frozenset(
    """absolutely affirmative certainly correct definitely exactly fine ok okay perfect please right
    sure yeah yep yes yup""".split()
)
_DENIES = frozenset("nah never no nope not wrong".split())
_BESIDE = frozenset(
    """all am are can could did do does good great have i is it its much really so thank thanks
    that thats very we will would you""".split()
)
_ASKS_YES_OR_NO = re.compile(
    r"^(and |so |then |well |okay |ok |now |but )*"
    r"(is|are|was|were|am|do|does|did|have|has|had|can|could|will|would|shall|should|may|might"
    r"|isnt|arent|dont|doesnt|didnt|cant|wont|wouldnt|right|correct|okay)\b"
)
_TAG = re.compile(r"\b(is that (right|correct|okay|all)|right|correct|okay|yes or no)$")
_ASKS_FOR_SPELLING = re.compile(
    r"\b(number|numbers|digits?|code|e ?mail|address|spell|spelling|date|day|birth|birthday"
    r"|postcode|zip|phone|telephone|reference|name)\b"
)
_CLAUSE = re.compile(r"[,;:–—]|\s-\s")
_SENTENCE = re.compile(r"[^.!?]+[.!?]*")


def asks_for_time(words: tuple[str, ...]) -> bool:
    """Whether the caller said to be waited for."""
    return bool(_ASKS_FOR_TIME.search(" ".join(words)))


def leads_on(raw: str, words: tuple[str, ...]) -> bool:
    """Whether the last word is one after which there is more."""
    last_raw = re.findall(r"\w+", raw.casefold())[-1:]
    if raw.rstrip().endswith((",", "...", "…", "-", ":")) or set(last_raw) & FILLERS:
        return True
    if not words or raw.rstrip().endswith(("?", "!")):
        return False
    if _ANNOUNCES.search(" ".join(words)):
        return True
    last = words[-1]
    if last in _LEADS_ON_IN_STATEMENTS:
        return words[0] not in _AGREES | _DENIES and not set(words) & _OF_WHOLE_CLAUSES
    return last in _LEADS_ON or (len(words) == 1 and last in _LEADS_ON_ALONE)


def is_being_spelled(words: tuple[str, ...], question: str) -> bool:
    """Whether these are digits, letters, a date or an address, of which more may come."""
    if not words:
        return False
    asked, last = asks_for_spelling(question), words[-1]
    if (last in _OF_ADDRESSES and len(words) > 1) or "dot" in words or (asked and "at" in words):
        return last not in _ENDS_ADDRESS
    spelled = _spelled_at_the_end(words)
    if spelled and spelled == _digits_wanted(question):
        return False
    if asked:
        return spelled > 0 or last in _MONTHS
    return spelled >= 2 or (last in _MONTHS and last not in _MODALS)


def asks_for_spelling(question: str) -> bool:
    """Whether the last question is for a number, a date, a name or an address."""
    return bool(_ASKS_FOR_SPELLING.search(_last_question(question).casefold()))


def _spelled_at_the_end(words: tuple[str, ...]) -> int:
    """How many digits, numbers and letters stand at the end."""
    count = 0
    for word in reversed(words):
        if word.isdigit():
            count += len(word)
        elif word in _DIGITS or word in _TENS or len(word) == 1:
            count += 1
        else:
            break
    return count


def _digits_wanted(question: str) -> int | None:
    for many, _ in _N_DIGITS.findall(question.casefold()):
        if many.isdigit():
            return int(many)
        if many in _COUNT:
            return list(_COUNT).index(many)
    return None


def asks_yes_or_no(question: str) -> bool:
    """Whether the last sentence, or what stands behind its last comma, wants yes or no."""
    last = _last_question(question)
    plain = " ".join(words_of(last))
    if not last.rstrip().endswith("?") or " or " in plain.removesuffix(" or no"):
        return False
    clauses = (plain, " ".join(words_of(_CLAUSE.split(last)[-1])))
    return any(map(_ASKS_YES_OR_NO.match, clauses)) or bool(_TAG.search(plain))


def is_yes_or_no(words: tuple[str, ...]) -> bool:
    """Whether it is yes or no, in whatever words, and nothing else."""
    decides = _AGREES | _DENIES
    return len(words) <= 4 and bool(set(words) & decides) and set(words) <= decides | _BESIDE


def _last_question(text: str) -> str:
    """The last sentence that asks, or else the last one."""
    sentences = [sentence.strip() for sentence in _SENTENCE.findall(text) if sentence.strip()]
    asking = [sentence for sentence in sentences if sentence.endswith("?")]
    return (asking or sentences or [""])[-1]
