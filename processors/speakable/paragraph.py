"""A paragraph while it is open: what may yet become a definition or a table is held."""

import re

from processors.speakable.inline import Inline
from processors.speakable.markdown import after_definitions, is_table
from processors.speakable.speech import Speech

_LABEL_SO_FAR = re.compile(r"\[(?!\^)(?:(?:[^\[\]\\]|\\.)*(?:\\|\])?)?", re.DOTALL)
_DEFINITION = re.compile(r"\[(?!\^)(?:[^\[\]\\]|\\.)*\]:", re.DOTALL)
_DELIMITER_ROW = re.compile(r"[-:| \t]*-[-:| \t]*")
_DONE_BOX = re.compile(r"\[[xX]\]\s")
_LABEL_MAX_CHARS = 1000
_DEFINITION_MAX_CHARS = 2000


class Paragraph:
    """Passes its text on to Inline, but for the start `[label]:` and lines with a pipe."""

    def __init__(self, speech: Speech, *, in_item: bool) -> None:
        self._inline = Inline(speech)
        self._in_item = in_item
        self._definition: str | None = ""
        self._line = ""
        self._held: str | None = None

    @property
    def header(self) -> str:
        """The last line, if it may be the header of a table."""
        return self._line if "|" in self._line else ""

    @property
    def header_unsaid(self) -> bool:
        """Whether nothing of that line has been passed on."""
        return self._held is not None and len(self._held) == len(self._line)

    def is_table_with(self, next_line: str) -> bool:
        """Whether the last line and the one after it open a table."""
        return bool(
            self.header and _DELIMITER_ROW.fullmatch(next_line) and is_table(self.header, next_line)
        )

    def is_definitions_only(self) -> bool:
        """Whether link reference definitions are all there is so far."""
        return bool(self._definition) and not after_definitions(self._definition or "")

    def feed(self, char: str) -> None:
        """Take the next character of the line."""
        if not self._line and char.isspace():
            return
        if not self._line and char == "[" and self.is_definitions_only():
            self._definition = ""  # those before it are settled
        self._line += char
        if self._definition is not None:
            self._definition += char
            self._look_for_definition()
        else:
            self._pass_or_hold(char)

    def next_line(self) -> None:
        """The paragraph goes on: the line that ended was no table header."""
        if self._definition is not None and len(self._definition) > _DEFINITION_MAX_CHARS:
            rest, self._definition = after_definitions(self._definition), None
            self._inline.feed(rest + "\n")
        elif self._definition is not None:
            self._definition += "\n"
            self._look_for_definition()
        else:
            self._release()
            self._inline.feed("\n")
        self._line = ""

    def forget_header(self) -> None:
        """The last line turned out to be the header of a table, which says it itself."""
        self._held = None

    def end(self) -> None:
        """Say what is held."""
        if self._definition is not None:
            rest, self._definition = after_definitions(self._definition), None
            self._inline.feed(rest)
        self._release()
        self._inline.finish()

    def _look_for_definition(self) -> None:
        text = self._definition or ""
        if _DEFINITION.match(text):
            return
        if len(text) < _LABEL_MAX_CHARS and _LABEL_SO_FAR.fullmatch(text):
            return
        self._definition = None
        if self._in_item and _DONE_BOX.match(text):
            text = text[3:]
        *lines, last = text.split("\n")
        for line in lines:
            self._inline.feed(line + "\n")
        for char in last:
            self._pass_or_hold(char)

    def _pass_or_hold(self, char: str) -> None:
        if self._held is not None:
            self._held += char
        elif char == "|" and not self._inline.in_code and not self._line.endswith("\\|"):
            self._held = char
        else:
            self._inline.feed(char)

    def _release(self) -> None:
        held, self._held = self._held, None
        if held:
            self._inline.feed(held)
