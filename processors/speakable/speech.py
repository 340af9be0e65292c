"""The writer's end: characters that are content come in, text for the voice comes out."""

import emoji

_EMOJI = frozenset(c for c in "".join(emoji.EMOJI_DATA) if ord(c) > 0x7F)
_ZERO_WIDTH_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_TEXT_STYLE = "\ufe0e"
_KEYCAP = "\u20e3"
_KEYCAP_BASES = frozenset("0123456789#*")
_END_MARKS = frozenset(".!?…。！？؟۔।")
_WEAK_MARKS = frozenset(",;:")
_CLOSERS = frozenset("\"')]}”’»")
_HUGS_THE_WORD = frozenset(",.!?;:)]}")


class Speech:
    """Joins content into sentences: no emoji, no double space, an end mark where a block ends.

    Held back are one character that may become a keycap, and a comma, semicolon or colon until
    something follows, since the end of a block turns it into a full stop.
    """

    def __init__(self) -> None:
        self._out: list[str] = []
        self._last = ""
        self._last_word_char = ""
        self._space = False
        self._keycap = ""
        self._weak = ""
        self._opening = ""
        self._after_emoji = False
        self._dropped_between = False

    def say(self, text: str) -> None:
        """Take content. White space of any kind and length becomes one space."""
        for char in text:
            self._take(char)

    def comma(self) -> None:
        """Pause here, unless a mark already does."""
        self._settle_keycap()
        if self._last and not self._weak and self._last_word_char not in _END_MARKS:
            self._weak = ","
        self._space = True

    def open_item(self, opening: str) -> None:
        """Say this before the next content (the number of a list item); "" for nothing."""
        self._settle_keycap()
        self._opening = opening

    def end_sentence(self) -> None:
        """Let the sentence end here, so that a sentence splitter splits."""
        self._settle_keycap()
        self._weak = ""
        if self._last and self._last_word_char not in _END_MARKS:
            self._write(".")
        self._space = True

    def flush(self) -> None:
        """Let go of what is held: nothing follows."""
        self._settle_keycap()
        if self._weak:
            self._write(self._weak)
            self._weak = ""

    @property
    def ends_word(self) -> bool:
        """Whether the last word that may be spoken is whole, though its space is still to come."""
        return self._space and not self._weak

    def take(self) -> str:
        """Return what may be spoken since the last call."""
        text = "".join(self._out)
        self._out.clear()
        return text

    def _take(self, char: str) -> None:
        if char == _KEYCAP:
            self._keycap = ""
            self._dropped_between = self._after_emoji = True
        elif char == _EMOJI_STYLE:
            return
        elif char in (_ZERO_WIDTH_JOINER, _TEXT_STYLE):
            self._settle_keycap()
            if not self._after_emoji:
                self._visible(char)
        elif char in _EMOJI:
            self._settle_keycap()
            self._dropped_between = self._after_emoji = True
        elif char in _KEYCAP_BASES:
            self._settle_keycap()
            self._keycap = char
        elif char.isspace() or char == "\u200b":
            self._settle_keycap()
            self._after_emoji = False
            self._space = True
        else:
            self._settle_keycap()
            self._visible(char)

    def _settle_keycap(self) -> None:
        if self._keycap:
            char, self._keycap = self._keycap, ""
            self._visible(char)

    def _visible(self, char: str) -> None:
        self._after_emoji = False
        if char in _WEAK_MARKS and not self._weak and self._last:
            self._space = self._space and not self._dropped_between
            if not self._space:
                self._weak = char
                return
        if self._weak:
            weak, self._weak = self._weak, ""
            self._write(weak)
        if self._opening:
            opening, self._opening = self._opening, ""
            self._lead()
            self._write(opening)
            self._space = True
        if not (self._dropped_between and char in _HUGS_THE_WORD):
            self._lead()
        self._space = self._dropped_between = False
        self._write(char)

    def _lead(self) -> None:
        if self._space and self._last:
            self._write(" ")

    def _write(self, text: str) -> None:
        self._out.append(text)
        self._last = text[-1]
        if self._last not in _CLOSERS and self._last != " ":
            self._last_word_char = self._last
