"""A table for the ear: each row is a sentence that names the columns."""

from processors.speakable.inline import Inline
from processors.speakable.markdown import table_cells
from processors.speakable.speech import Speech


class Table:
    """Says row by row; a header without rows is said by itself."""

    def __init__(self, speech: Speech, header: str, delimiter: str, *, header_said: bool) -> None:
        self._speech = speech
        self._header = header
        self._delimiter = delimiter
        self._header_said = header_said

    def row(self, line: str) -> bool:
        """Say a row. Returns False if the line is none, which ends the table."""
        heads, cells = table_cells(self._header, self._delimiter, line)
        if cells is None:
            return False
        self._header_said = True
        for head, cell in zip(heads, cells, strict=False):
            head, cell = _plain(head).rstrip(":"), _plain(cell)
            if cell:
                self._speech.say(f"{head}: {cell}" if head else cell)
                self._speech.comma()
        self._speech.end_sentence()
        return True

    def end(self) -> None:
        """Say the header if there was no row to say it with."""
        if not self._header_said:
            heads, _ = table_cells(self._header, self._delimiter, "")
            for head in heads:
                self._speech.say(_plain(head))
                self._speech.comma()
            self._speech.end_sentence()


def _plain(source: str) -> str:
    speech = Speech()
    inline = Inline(speech)
    inline.feed(source)
    inline.finish()
    speech.flush()
    return speech.take()
