"""Text of one block: marks are dropped as soon as they are known to be marks."""

import html
import re
from html.entities import html5

from markdown_it.common.html_re import HTML_TAG_RE
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace

from processors.speakable import web
from processors.speakable.markdown import link_tail
from processors.speakable.speech import Speech

_ANY = re.compile(r".", re.DOTALL)
_BACKTICK = re.compile("`")
_TAG_WAKE = re.compile("[<>]")
_TAIL_WAKE = re.compile(r"[)\s\"'(<>]")
_NOT = {char: re.compile(f"[^{char}]") for char in "`*_~"}
_TILDE_OR_AFTER = re.compile("~")
_AUTOLINK = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>")
_MAIL_AUTOLINK = re.compile(r"<([\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9.-]+)>", re.ASCII)
_LINE_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[A-Za-z][A-Za-z0-9]{0,31});")
_ENTITY_SO_FAR = re.compile(r"&(?:#(?:[xX][0-9a-fA-F]{0,6}|[0-9]{0,7})|[A-Za-z][A-Za-z0-9]{0,31})?")
_FOOTNOTE = re.compile(r"\[\^[^\s\[\]]+\]")
_FOOTNOTE_SO_FAR = re.compile(r"\[\^[^\s\[\]]*")
_CITATION = re.compile(r"\[\d{1,3}\]")
_CITATION_SO_FAR = re.compile(r"\[(?:\d{0,3}|\d{1,3}\])")
_LABEL = re.compile(r"\[(?:[^\[\]\\]|\\.)*\]", re.DOTALL)
_LABEL_SO_FAR = re.compile(r"\[(?:[^\[\]\\]|\\.)*\\?", re.DOTALL)
_SAME_IN_CODE = frozenset(" \n,.;:?'\"()-/+=%$@{}")
_STAR_CODE_MAX_CHARS = 120
_TAG_MAX_CHARS = 1000
_LABEL_MAX_CHARS = 999


class Inline:
    """Streams the text of one paragraph, heading or table cell into a Speech.

    What reads the same whether or not a construct is closed is said at once; from the first
    character on that would read differently, text waits until the construct is decided.
    """

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._source = ""
        self._wake = _ANY
        self._before = ""
        self._word = ""
        self._spaces = 0
        self._brackets = 0
        self._code_marks = 0
        self._searched = 0
        self._no_more_strikes = False
        self._complete = False

    @property
    def in_code(self) -> bool:
        """Whether a code span is open."""
        return self._code_marks > 0

    def feed(self, text: str) -> None:
        """Take source text; its marks may be cut anywhere."""
        for char in text:
            self._source += char
            if self._wake.match(char):
                self._run()

    def finish(self) -> None:
        """Decide everything that still waits: the block ends here."""
        self._complete = True
        self._run()

    def _run(self) -> None:
        while self._source:
            self._wake = _ANY
            used = self._step()
            if not used:
                return
            self._before = self._source[used - 1]
            self._spaces = self._spaces + 1 if self._before == " " else 0
            self._source = self._source[used:]
            self._searched = 0
        self._wake = _ANY

    def _wait(self, wake: re.Pattern[str] = _ANY) -> int:
        self._wake = wake
        return 0

    def _lacks(self, length: int) -> bool:
        return len(self._source) < length and not self._complete

    def _may_grow(self, so_far: re.Pattern[str], start: int, limit: int) -> bool:
        """Whether what begins at start may still become what the pattern is the start of."""
        if self._complete or len(self._source) > limit:
            return False
        return bool(so_far.fullmatch(self._source, start))

    def _step(self) -> int:
        if self._code_marks:
            return self._in_code_span()
        match self._source[0]:
            case "\\":
                return self._escape()
            case "`":
                return self._open_code_span()
            case "*" | "_":
                return self._emphasis()
            case "~":
                return self._strike()
            case "!" | "[":
                return self._open_bracket()
            case "]":
                return self._close_bracket()
            case "<":
                return self._angle()
            case "&":
                return self._ampersand()
            case "|":
                self._speech.comma()
                return 1
            case "\n":
                return self._line_end()
            case _:
                return self._plain()

    def _say(self, text: str, used: int) -> int:
        self._speech.say(text)
        return used

    def _plain(self) -> int:
        char = self._source[0]
        if char.isspace():
            self._word = ""
            return self._say(" ", 1)
        if char in "hHfFwWmM" and not self._before.isalnum():
            address = self._address()
            if address is not None:
                return address
        if char == "/" and web.DOMAIN.fullmatch(self._word):
            return self._rest_of_address(say=False)
        self._word += char
        return self._say(char, 1)

    def _address(self) -> int | None:
        start = self._source[: len(web.SCHEMES[1])].lower()
        for scheme in (*web.SCHEMES, web.MAIL_SCHEME):
            if start.startswith(scheme):
                if scheme == web.MAIL_SCHEME:
                    return len(scheme)
                return self._rest_of_address(say=True)
            if scheme.startswith(start) and not self._complete:
                return self._wait()
        return None

    def _rest_of_address(self, *, say: bool) -> int:
        end = web.END.search(self._source, self._searched)
        if end is None and not self._complete:
            self._searched = len(self._source)
            return self._wait(web.END)
        url = web.trimmed(self._source[: end.start() if end else len(self._source)])
        if say:
            self._speech.say(web.host_in_words(url))
        self._word = ""
        return len(url) or 1

    def _line_end(self) -> int:
        self._word = ""
        if self._spaces >= 2:
            self._speech.end_sentence()
        return self._say(" ", 1)

    def _escape(self) -> int:
        if self._lacks(2):
            return self._wait()
        following = self._source[1:2]
        if following == "\n":
            self._speech.end_sentence()
            return 2
        if following and isMdAsciiPunct(ord(following)):
            self._word += following
            return self._say(following, 2)
        return self._say("\\", 1)

    def _run_length(self, mark: str) -> int:
        length = len(self._source) - len(self._source.lstrip(mark))
        return 0 if length == len(self._source) and not self._complete else length

    def _open_code_span(self) -> int:
        length = self._run_length("`")
        if not length:
            return self._wait(_NOT["`"])
        self._code_marks = length
        return length

    def _in_code_span(self) -> int:
        char = self._source[0]
        if char.isalnum():
            return self._plain()
        if char in _SAME_IN_CODE:
            return self._plain() if char != "\n" else self._say(" ", 1)
        marks = "`" * self._code_marks
        found = re.compile(f"(?<!`){marks}(?!`)").search(self._source, self._searched)
        if found and (found.end() < len(self._source) or self._complete):
            code = self._source[: found.start()].replace("`", "")
            self._speech.say(web.without_addresses(code))
            self._code_marks = 0
            self._word = ""
            return found.end()
        if self._complete:
            self._code_marks = 0
            return self._step()
        self._searched = max(0, len(self._source.rstrip("`")) - 1)
        return self._wait(_ANY if self._source.endswith("`") else _BACKTICK)

    def _emphasis(self) -> int:
        mark = self._source[0]
        length = self._run_length(mark)
        if not length:
            return self._wait(_NOT[mark])
        before, after = self._before or " ", self._source[length : length + 1] or " "
        left = _flanks(before, after)
        right = _flanks(after, before)
        if mark == "_":
            opens = left and (not right or _is_punctuation(before))
            closes = right and (not left or _is_punctuation(after))
            is_mark = opens or closes or length > 2
        else:
            is_mark = left or right or length > 2
        if before.isdigit() and after.isdigit():
            is_mark = False
        elif mark == "*" and length == 1 and not right:
            if after in ".,;:!?\"')]”’":
                is_mark = False
            elif after.isdigit():
                closed = self._star_before_digit_is_closed()
                if closed is None:
                    return self._wait()
                is_mark = closed
        elif mark == "*" and length == 1 and before in "\"'(“‘" and after in "\"')”’":
            is_mark = False
        if is_mark:
            return length
        self._word += self._source[:length]
        return self._say(self._source[:length], length)

    def _star_before_digit_is_closed(self) -> bool | None:
        """`*3 days*` is emphasis and `*67` is what to dial: only the closing star can tell."""
        source = self._source[1 : _STAR_CODE_MAX_CHARS + 1]
        end = re.search(r"[.!?]\s|\n|(?<=\S)\*", source)
        if end:
            return end.group() == "*"
        if len(source) == _STAR_CODE_MAX_CHARS or self._complete:
            return False
        return None

    def _strike(self) -> int:
        length = self._run_length("~")
        if not length:
            return self._wait(_NOT["~"])
        if length == 1:
            self._word += "~"
            return self._say("~", 1)
        after = self._source[length : length + 1] or " "
        if after.isspace() or self._no_more_strikes:
            return length
        close = self._source.find("~~", max(self._searched, length + 1))
        while close > 0 and self._source[close - 1].isspace():
            close = self._source.find("~~", close + 2)
        if close > 0:
            end = close + 2
            while self._source[end : end + 1] == "~":
                end += 1
            if end < len(self._source) or self._complete:
                self._word = ""
                return end
            return self._wait()
        if self._complete:
            self._no_more_strikes = True
            return length
        self._searched = max(length + 1, len(self._source) - 1)
        return self._wait(_TILDE_OR_AFTER)

    def _open_bracket(self) -> int:
        if self._lacks(2):
            return self._wait()
        if self._source[0] == "!":
            if self._source[1:2] != "[":
                return self._say("!", 1)
            self._brackets += 1
            return 2
        if footnote := _FOOTNOTE.match(self._source):
            if self._lacks(footnote.end() + 1):
                return self._wait()
            is_definition = not self._before and self._source[footnote.end() :][:1] == ":"
            return footnote.end() + is_definition
        if not self._complete and _FOOTNOTE_SO_FAR.fullmatch(self._source):
            return self._wait()
        if self._before and not self._before.isspace():
            citation = _CITATION.match(self._source)
            if citation and not self._lacks(citation.end() + 1):
                if self._source[citation.end() :][:1] != "(":
                    return citation.end()
            elif not self._complete and _CITATION_SO_FAR.fullmatch(self._source):
                return self._wait()
        self._brackets += 1
        self._word = ""
        return 1

    def _close_bracket(self) -> int:
        if not self._brackets:
            return 1
        if self._lacks(2):
            return self._wait()
        match self._source[1:2]:
            case "(":
                end = link_tail(self._source, 1, complete=self._complete)
                if end is None:
                    return self._wait(_TAIL_WAKE)
            case "[":
                label = _LABEL.match(self._source, 1)
                end = label.end() if label else 0
                if not label and self._may_grow(_LABEL_SO_FAR, 1, _LABEL_MAX_CHARS):
                    return self._wait()
            case _:
                end = 0
        self._brackets -= 1
        self._word = ""
        if not end and self._source[1:2] in ("(", "["):
            self._speech.say(" ")
        return end or 1

    def _angle(self) -> int:
        if self._lacks(2):
            return self._wait()
        following = self._source[1:2]
        if not (following.isalnum() or following in "/!?") or not following:
            return self._say("<", 1)
        source = self._source
        if autolink := _AUTOLINK.match(source):
            url = source[1 : autolink.end() - 1]
            return self._say(web.autolink_in_words(url), autolink.end())
        if mail := _MAIL_AUTOLINK.match(source):
            return self._say(mail.group(1), mail.end())
        if tag := HTML_TAG_RE.match(source):
            if _LINE_BREAK_TAG.fullmatch(tag.group()):
                self._speech.end_sentence()
            self._word = ""
            return tag.end()
        quoted = source.count('"') % 2 or source.count("'") % 2 or following in "!?"
        open_ended = ">" not in source and "<" not in source[1:]
        if self._complete or len(source) > _TAG_MAX_CHARS or not (quoted or open_ended):
            return self._say("<", 1)
        return self._wait(_TAG_WAKE)

    def _ampersand(self) -> int:
        if not self._complete and _ENTITY_SO_FAR.fullmatch(self._source):
            return self._wait()
        entity = _ENTITY.match(self._source)
        text, used = "&", 1
        if entity and (entity.group(1)[0] == "#" or f"{entity.group(1)};" in html5):
            text, used = html.unescape(entity.group()), entity.end()
        if self._lacks(used + 1):
            return self._wait()
        after = self._source[used : used + 1]
        stands_alone = (not self._before or self._before.isspace()) and (
            not after or after.isspace()
        )
        self._word = ""
        return self._say("and" if text == "&" and stands_alone else text, used)


def _is_punctuation(char: str) -> bool:
    return isMdAsciiPunct(ord(char)) or isPunctChar(char)


def _flanks(before: str, after: str) -> bool:
    """CommonMark's left-flanking delimiter run (right-flanking with the arguments swapped)."""
    if isWhiteSpace(ord(after)):
        return False
    return not _is_punctuation(after) or isWhiteSpace(ord(before)) or _is_punctuation(before)
