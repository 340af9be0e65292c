"""The words of an HTML block."""

from html.parser import HTMLParser

from processors.speakable.speech import Speech

_SENTENCES = frozenset(
    "address article blockquote br dd div dt figcaption h1 h2 h3 h4 h5 h6 header footer li p "
    "section summary table tr".split()
)
_CELLS = frozenset(("td", "th"))
_SILENT = frozenset(("script", "style", "pre", "textarea", "template", "head"))


class HtmlText(HTMLParser):
    """Says what a browser would show of HTML, a sentence per block."""

    def __init__(self, speech: Speech) -> None:
        super().__init__(convert_charrefs=True)
        self._speech = speech
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Leave out what is not meant to be read aloud."""
        self._boundary(tag)
        if tag in _SILENT:
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """End the sentence with its block."""
        self._boundary(tag)
        if tag in self._silent:
            self._silent.remove(tag)

    def handle_data(self, data: str) -> None:
        """Say text."""
        if not self._silent:
            self._speech.say(data)

    def finish(self) -> None:
        """Say what is held, but no tag that was never closed."""
        self.rawdata = self.rawdata.partition("<")[0]
        self.close()

    def _boundary(self, tag: str) -> None:
        if tag in _SENTENCES:
            self._speech.end_sentence()
        elif tag in _CELLS:
            self._speech.comma()
