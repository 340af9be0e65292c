"""Whether the caller lets the call be recorded: the sentence, and what is said to it."""

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

# Percent; voices tell their words with the punctuation and the spaces of their own.
_ALIKE = 90
_BEFORE = r"(?:(?:oh|well|um|uh|er|hi|hello|sorry|actually|please|hm|hey|hell|heck|honestly)\s)*"
_BEHIND = (
    r"(?:\s(?:no|thanks|thank you|please|sir|madam|ma am|way|not|i do not|sorry|do not"
    r"|absolutely not|definitely not|i would rather not))*"
)
_NOT = (
    r"(?:do not|did not|not|no|stop|end|pause|cancel|delete|erase|without|refuse|object to|against)"
)
_RECORDED = (
    r"(?:recording|recorded|taping|taped"
    r"|(?:record|tape) (?:me|us|this|that|it|my|our|the (?:call|conversation)|calls))"
)

# Only right after the sentence: later, a "no" is an answer to something else.
_ANSWERED_NO = (
    # "Yeah, no" is a no.
    rf"^{_BEFORE}(?:(?:yeah|okay|ok) )*(?:no|nope|nah|never|negative|not really"
    r"|(?:absolutely|certainly|definitely|rather|really|probably) not|(?:i|we) do mind"
    r"|(?:i|we) (?:would )?say no|(?:the|my) answer is no|you (?:may|can|must) not)"
    rf"{_BEHIND}$",
    rf"^{_BEFORE}(?:no )?(?:i do not think so|i think not){_BEHIND}$",
    r"\b(?:i|we) (?:do not|cannot|will not) (?:agree|consent|allow|accept|permit)",
    r"\b(?:do not|cannot|will not) (?:give|have) (?:\w+ )?(?:permission|consent)",
    r"\b(?:i|we) (?:do not|would not) (?:want|like|wish)(?: (?:that|this|it|to))?$",
    r"\bwould (?:rather|prefer)(?: it| if| that)* (?:not|you (?:do|did|would) not)"
    r"(?: record| do that| do so| please)*$",
    r"\bdo not record(?: please)?$",
    r"\b(?:turn|switch) (?:it|that|this) off(?: please)?$",
    r"\b(?:am|are) against (?:it|that|this)\b",
    r"\b(?:i|we) (?:object|refuse|decline|disagree)",
    rf"^{_BEFORE}do not(?: please| do that| do it)*$",
    r"\bnot (?:okay|ok|fine|comfortable|happy) with (?:that|this|it)",
)
# Whenever it is said.
_OBJECTED = (
    rf"\b{_NOT}(?: \w+){{0,4}}? {_RECORDED}\b",
    rf"\bwould (?:rather|prefer) not(?: \w+){{0,3}}? {_RECORDED}\b",
    r"\b(?:turn|switch) (?:off )?(?:the|that|this) record(?:ing|er)(?: off)?",
    r"\bopt out of (?:the |being )?record(?:ing|ed)",
    r"\b(?:withdraw|revoke|take back) (?:my |our )?(?:consent|permission)\b",
    r"\brecord(?:ing|ed)\b.*\b(?:do not want|stop) (?:that|this|it)$",
)
_AGREED = (
    rf"^{_BEFORE}(?:yes|yeah|yep|yup|sure|okay|ok|alright|all right|fine|of course|certainly)\b",
    r"\b(?:i|we) (?:agree|consent|accept)\b",
    r"\b(?:that is|it is|i am) (?:fine|okay|ok|all right|alright)\b",
    r"\b(?:do not (?:mind|object|care)|no (?:problem|objections?)|go ahead)\b",
)
# "I don't mind being recorded."
_NOTHING_AGAINST = re.compile(
    r"\bdo not (?:mind|object to|object|care(?: about| if)?|have (?:a|any) (?:problem|objections?))"
    r"|\bno (?:problem|objections?)\b|\bnot a problem\b"
)
# "Sorry, what did you say?" is no answer yet.
_NO_ANSWER = re.compile(
    r"(?:\b(?:oh|well|um|uh|er|hm|hi|hey|hello|good (?:morning|afternoon|evening|day)|sorry|pardon"
    r"|excuse me|me|what|what (?:was|is) that|what did you say|is (?:anybody|anyone|somebody) there"
    r"|(?:can|could) you (?:repeat|say) that(?: again)?|come again|please)\b ?)*"
)
_SAMPLE_ANSWERS = (
    "no",
    "no thank you",
    "no i do not want that",
    "please do not record this call",
    "please stop recording",
    "i do not want to be recorded",
    "that is fine",
)
_SENTENCE = re.compile(r"[.!?;]")
_SHORT_FORMS = (
    (r"\b(do|did|would|will)n[’' ]?t\b", r"\1 not"),
    (r"\bwon[’' ]?t\b", "will not"),
    (r"\b(?:can[’' ]?t|can not)\b", "cannot"),
    (r"\b(i|we)[’' ]d\b", r"\1 would"),
    (r"\bi[’']m\b", "i am"),
    (r"\b(that|it)[’']s\b", r"\1 is"),
)


@dataclass(frozen=True)
class Consent:
    """How a bot asks whether it may record a call.

    Parameters:
        sentence: Said before anything else, to its end. The recording begins with it.
        must_agree: Whether only a yes is one. Else whoever hears the sentence and goes on
            without an objection has agreed.
        once_refused: What the bot says when nothing is recorded any more.
        answered_no: What a refusal looks like, as the answer to the sentence: patterns on lower
            case without punctuation and short forms.
        objected: The same at any later time.
        agreed: What a yes looks like, as the answer to the sentence.
        sample_answers: What callers say to it, for an ear that needs examples.

    Raises:
        ValueError: There is no sentence.
    """

    sentence: str
    must_agree: bool = False
    once_refused: str = "All right, this call is not being recorded."
    answered_no: tuple[str, ...] = _ANSWERED_NO
    objected: tuple[str, ...] = _OBJECTED
    agreed: tuple[str, ...] = _AGREED
    sample_answers: tuple[str, ...] = _SAMPLE_ANSWERS

    def __post_init__(self) -> None:
        if not self.sentence.strip():
            raise ValueError(
                "records_audio needs the sentence that tells the caller so, as in "
                '"This call is recorded. If you do not want that, just say no."'
            )

    def is_sentence(self, said: str) -> bool:
        """Whether that is what the caller was to be told, as far as a voice's words tell."""
        return fuzz.ratio(_plain(said), _plain(self.sentence)) >= _ALIKE

    def is_refused(self, text: str, *, as_answer: bool) -> bool:
        """Whether the caller does not want to be recorded; `as_answer`: right after being told."""
        words = _NOTHING_AGAINST.sub(" ", _plain(text))
        if any(re.search(pattern, words) for pattern in self.objected):
            return True
        if not as_answer:
            return False
        # "No. Where is my order?": the answer may be a sentence of its own.
        first = _NOTHING_AGAINST.sub(" ", _plain(_SENTENCE.split(text.strip(), maxsplit=1)[0]))
        if any(re.search(pattern, said) for pattern in self.answered_no for said in (words, first)):
            return True
        return self.must_agree and not self.is_agreed(text)

    def is_answer(self, text: str) -> bool:
        """Whether the words are an answer at all, and not "hello?" or "what did you say?"."""
        return not _NO_ANSWER.fullmatch(_plain(text))

    def is_agreed(self, text: str) -> bool:
        """Whether the answer is a yes."""
        words = _plain(text)
        return any(re.search(pattern, words) for pattern in self.agreed)


def _plain(text: str) -> str:
    words = text.lower()
    for short, long in _SHORT_FORMS:
        words = re.sub(short, long, words)
    return " ".join(re.sub(r"[^\w]+", " ", words).split())
