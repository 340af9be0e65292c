"""Lines and blocks: where a line's text begins, what it is, and when a block ends.

markdown-it-py decides which block a line opens; the stack here remembers what is still open, so
that no line is looked at more than once and text can stream while its line is unfinished.
"""

import re
from collections.abc import Callable

from processors.speakable import markdown
from processors.speakable.html_text import HtmlText
from processors.speakable.inline import Inline
from processors.speakable.paragraph import Paragraph
from processors.speakable.speech import Speech
from processors.speakable.table import Table

_CONTAINER_MARKS = re.compile(r"(?:[ \t]*(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*")
# A line that begins like this may still become more than one kind of block.
_UNDECIDED = re.compile(
    r"[-+*_=][-+*_= \t]*|\#{1,6}[ \t]*|\d{1,9}[.)]?|`{1,2}|`{3,}[^`]*|~+"
    r"|<|<[A-Za-z/!?][^>]*|<[A-Za-z/!?][^>]*>\s*"
)
_AUTOLINK_SO_FAR = re.compile(r"<[A-Za-z][\w.+-]*[:@]")
_DELIMITER_ROW = re.compile(r"[-:| \t]*")
_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r"( {0,3})([-+*]|(\d{1,9})[.)])( *)")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+|$)")
_HEADING_CLOSE = re.compile(r"(?:^|[ \t]+)#*[ \t]*")
# Nothing is decided by one of these alone; looking again would only cost time.
_DECIDES_NOTHING = frozenset(" \t>-+*_=#~`")
_UNDECIDED_MAX_CHARS = 300
_MAX_DEPTH = 24
_ALL_MARKS = re.compile(r"(?:[ ]*(?:>|[-+*](?= |$)|\d{1,9}[.)](?= |$)))*[ ]*")


class Blocks:
    """Takes Markdown as it arrives and says its text into a Speech.

    Code blocks, fenced or indented, are not said: read aloud, source code is noise, and what
    surrounds it says what it is for.
    """

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        # A block quote is None; a list item is the column its content begins at.
        self._containers: list[int | None] = []
        self._item_is_empty = False
        self._leaf: Paragraph | Fence | Html | Table | None = None
        self._line = ""
        self._text: Callable[[str], None] | None = None
        self._line_text_end: Callable[[], None] | None = None
        self._after_return = False

    def feed(self, text: str) -> None:
        """Take source text, cut anywhere."""
        for char in text:
            if char == "\n" and self._after_return:
                self._after_return = False
                continue
            self._after_return = char == "\r"
            if char in "\r\n":
                self._end_line()
            elif self._text:
                self._text(char)
            else:
                self._line += char
                if self._is_decided():
                    self._open_line(self._line.expandtabs(4), complete=False)

    def finish(self) -> None:
        """Say what is held: the source ends here."""
        if self._line.strip() or self._text:
            self._end_line()
        in_prose = isinstance(self._leaf, Paragraph) and not self._containers
        self._close_leaf(end_sentence=not in_prose)
        self._speech.flush()

    def _is_decided(self) -> bool:
        if isinstance(self._leaf, Fence | Html | Table):
            return False
        if self._line[-1] in _DECIDES_NOTHING:
            return False
        if self._may_be_delimiter_row():
            return False
        start = _CONTAINER_MARKS.match(self._line)
        rest = self._line[start.end() :] if start else self._line
        if not rest:
            return False
        if len(self._line) > _UNDECIDED_MAX_CHARS:
            return True
        return not _UNDECIDED.fullmatch(rest) or bool(_AUTOLINK_SO_FAR.match(rest))

    def _may_be_delimiter_row(self) -> bool:
        if not isinstance(self._leaf, Paragraph) or not self._leaf.header:
            return False
        rest, _ = self._without_open_marks(self._line.expandtabs(4))
        return bool(_DELIMITER_ROW.fullmatch(rest))

    def _end_line(self) -> None:
        if self._text is None:
            self._open_line(self._line.expandtabs(4), complete=True)
        if self._line_text_end:
            self._line_text_end()
        self._line, self._text, self._line_text_end = "", None, None

    def _without_open_marks(self, line: str) -> tuple[str, int]:
        """Take the marks of the open containers off; return the rest and how many matched."""
        matched = 0
        for content_column in self._containers:
            if content_column is None:
                quote = _QUOTE.match(line)
                if not quote:
                    break
                line = line[quote.end() :]
            elif not line.strip():
                line = ""
            elif line.startswith(" " * content_column):
                line = line[content_column:]
            else:
                break
            matched += 1
        return line, matched

    def _open_line(self, line: str, *, complete: bool) -> None:
        rest, matched = self._without_open_marks(line)
        all_matched = matched == len(self._containers)
        if all_matched and self._goes_on(rest):
            return
        if complete and not rest.strip():
            self._blank_line(matched)
            return
        self._item_is_empty = False
        self._open_blocks(rest, matched)

    def _goes_on(self, rest: str) -> bool:
        """Let the open leaf take the line; False if it does not."""
        leaf = self._leaf
        if isinstance(leaf, Fence | Html):
            if leaf.line(rest):
                self._text = _ignore
                return True
            self._leaf = None
            return leaf.swallows_last_line
        if isinstance(leaf, Table):
            if rest.strip() and leaf.row(rest):
                self._text = _ignore
                return True
            self._close_leaf()
        elif isinstance(leaf, Paragraph) and leaf.is_table_with(rest):
            self._open_table(leaf, rest)
            return True
        return False

    def _open_table(self, paragraph: Paragraph, delimiter: str) -> None:
        header, said = paragraph.header, not paragraph.header_unsaid
        if not said:
            paragraph.forget_header()
        self._close_leaf()
        self._leaf = Table(self._speech, header, delimiter, header_said=said)
        self._text = _ignore

    def _blank_line(self, matched: int) -> None:
        self._close_leaf()
        # A blank line ends the block quotes whose mark it lacks, and an item that is empty.
        while len(self._containers) > matched:
            self._containers.pop()
        if self._item_is_empty:
            self._item_is_empty = False
            self._containers.pop()

    def _open_blocks(self, rest: str, matched: int) -> None:
        is_lazy = matched < len(self._containers)
        paragraph = self._leaf if isinstance(self._leaf, Paragraph) else None
        in_paragraph = bool(paragraph and not is_lazy and not paragraph.is_definitions_only())
        while True:
            opened = markdown.opened_by(rest, in_paragraph=in_paragraph)
            if paragraph and (
                opened.kind == "text" or (opened.kind == "code" and (is_lazy or in_paragraph))
            ):
                paragraph.next_line()
                self._stream(paragraph.feed, rest.lstrip(" "))
                return
            if opened.kind == "underline":
                self._close_leaf()
                self._text = _ignore
                return
            self._close_leaf()
            paragraph, in_paragraph = None, False
            del self._containers[matched:]
            if opened.kind in ("quote", "list") and len(self._containers) >= _MAX_DEPTH:
                rest = _ALL_MARKS.sub("", rest, count=1)
                self._open_paragraph(rest)
                return
            if opened.kind == "quote":
                rest = _QUOTE.sub("", rest, count=1)
                self._containers.append(None)
            elif opened.kind == "list":
                rest = self._open_item(rest)
            else:
                self._open_leaf(opened, rest)
                return
            matched = len(self._containers)
            if not rest.strip():
                self._item_is_empty = opened.kind == "list"
                return

    def _open_item(self, line: str) -> str:
        item = _ITEM.match(line)
        if not item:
            return line
        lead, mark, number, spaces = item.groups()
        content = line[item.end() :]
        width = len(spaces) if content and len(spaces) < 5 else 1
        column = len(lead) + len(mark) + width
        self._containers.append(column)
        self._speech.open_item(f"{int(number)}," if number else "")
        return line[column:]

    def _open_leaf(self, opened: markdown.Opened, rest: str) -> None:
        match opened.kind:
            case "fence":
                self._leaf = Fence(opened.markup)
                self._text = _ignore
            case "html":
                self._leaf = Html(self._speech, *markdown.html_end(rest))
                self._html_first_line(self._leaf, rest)
            case "heading":
                heading = Heading(self._speech)
                self._line_text_end = heading.end
                self._stream(heading.feed, _HEADING.sub("", rest, count=1))
            case "rule" | "code":
                self._text = _ignore
            case _:
                self._open_paragraph(rest)

    def _html_first_line(self, block: "Html", rest: str) -> None:
        """The line that opens an HTML block may have been decided before its end."""
        line = rest

        def collect(text: str) -> None:
            nonlocal line
            line += text

        def take() -> None:
            if not block.line(line):
                self._leaf = None

        self._text, self._line_text_end = collect, take

    def _open_paragraph(self, rest: str) -> None:
        paragraph = Paragraph(self._speech, in_item=bool(self._containers))
        self._leaf = paragraph
        self._stream(paragraph.feed, rest.lstrip(" "))

    def _stream(self, text: Callable[[str], None], begun: str) -> None:
        self._text = text
        for char in begun:
            text(char)

    def _close_leaf(self, *, end_sentence: bool = True) -> None:
        leaf, self._leaf = self._leaf, None
        if isinstance(leaf, Paragraph | Table | Html):
            leaf.end()
        if isinstance(leaf, Paragraph) and end_sentence:
            self._speech.end_sentence()


class Fence:
    """Fenced code: says nothing."""

    swallows_last_line = True

    def __init__(self, marks: str) -> None:
        self._closing = re.compile(rf" {{0,3}}{marks[0]}{{{len(marks)},}} *")

    def line(self, line: str) -> bool:
        """Return whether the block goes on after this line."""
        return not self._closing.fullmatch(line)


class Html:
    """An HTML block: says its text, without tags; comments, scripts and the like say nothing."""

    swallows_last_line = False

    def __init__(self, speech: Speech, closing: re.Pattern[str], has_text: bool) -> None:
        self._speech = speech
        self._closing = closing
        self._parser = HtmlText(speech) if has_text else None

    def line(self, line: str) -> bool:
        """Return whether the block goes on after this line."""
        if self._parser is None:
            self.swallows_last_line = True
            return not self._closing.search(line)
        if not line.strip():
            self.end()
            return False
        self._parser.feed(line + "\n")
        return True

    def end(self) -> None:
        """Say what the parser holds."""
        if self._parser:
            self._parser.finish()
            self._parser = None
            self._speech.end_sentence()


class Heading:
    """One line, said without the marks that may close it."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._inline = Inline(speech)
        self._held = ""
        self._begun = False

    def feed(self, char: str) -> None:
        """Take the next character of the line."""
        held = self._held + char
        may_close = char in " \t" or (char == "#" and (self._held or not self._begun))
        if may_close and _HEADING_CLOSE.fullmatch(held):
            self._held = held
            return
        self._begun = True
        self._held = ""
        if char in " \t":
            self._inline.feed(held[:-1])
            self._held = char
        else:
            self._inline.feed(held)

    def end(self) -> None:
        """End the sentence; closing marks are dropped."""
        self._inline.finish()
        self._speech.end_sentence()


def _ignore(_: str) -> None:
    """Take text that is not said."""
