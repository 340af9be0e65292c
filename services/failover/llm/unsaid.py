"""The rest of an answer that somebody else began."""

import re

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_AT_MOST_COMPARED = 4


class WholeWords:
    """Passes text on up to its last whole word, so that no answer is ever cut inside one."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, text: str) -> str:
        """What can be passed on, now that `text` has come."""
        self._held += text
        cut = max((i for i, char in enumerate(self._held) if not _of_a_word(char)), default=-1) + 1
        whole, self._held = self._held[:cut], self._held[cut:]
        return whole

    def end(self) -> str:
        """What was held back, now that nothing more comes."""
        held, self._held = self._held, ""
        return held


class Unsaid:
    """Takes another model's answer and passes on what of it was not said yet.

    A model asked to go on after `said` may go on, or begin again. What it repeats is dropped;
    where it leaves the words that were said, it is listened to.

    Parameters:
        said: What was passed on before, in whole words. "" passes everything on.
    """

    def __init__(self, said: str) -> None:
        self._said = [word.casefold() for word in _WORD.findall(said)]
        # The comma or the space behind the last word was said as well.
        self._tail = _WORD.split(said)[-1]
        self._held = ""
        self._passing = not self._said

    def add(self, text: str) -> str:
        """What of the answer can be passed on, now that `text` of it has come."""
        if self._passing:
            return text
        self._held += text
        return self._rest(ended=False)

    def end(self) -> str:
        """What is left to pass on, now that the answer is whole."""
        return "" if self._passing else self._rest(ended=True)

    def _rest(self, *, ended: bool) -> str:
        words = list(_WORD.finditer(self._held))
        if not ended:
            # The last word may yet grow.
            words = words[:-1]
        heard = [word.group().casefold() for word in words]
        same = 0
        while same < min(len(heard), len(self._said)) and heard[same] == self._said[same]:
            same += 1
        if same == len(self._said):
            return self._pass_from(words[same - 1].end())
        if same == len(heard):
            return self._pass_from(len(self._held)) if ended else ""
        if same == 0 and not self._comes_later(heard):
            return self._pass_from(0) if len(heard) >= self._compared or ended else ""
        return self._pass_after_the_last_words(words, heard, ended=ended)

    @property
    def _compared(self) -> int:
        return min(_AT_MOST_COMPARED, len(self._said))

    def _comes_later(self, heard: list[str]) -> bool:
        """Whether the answer begins with one of the last words that were said."""
        return heard[0] in self._said[-_AT_MOST_COMPARED:] and len(heard) < _AT_MOST_COMPARED

    def _pass_after_the_last_words(
        self, words: list[re.Match[str]], heard: list[str], *, ended: bool
    ) -> str:
        """It tells the same in other words: go on behind the last words that both share."""
        for length in range(self._compared, 0, -1):
            tail = self._said[-length:]
            for start in range(len(heard) - length, -1, -1):
                if heard[start : start + length] == tail:
                    return self._pass_from(words[start + length - 1].end())
        if len(heard) < len(self._said) + _AT_MOST_COMPARED and not ended:
            return ""
        same = sum(1 for one, other in zip(heard, self._said, strict=False) if one == other)
        return self._pass_from(words[same - 1].end() if same else 0)

    def _pass_from(self, index: int) -> str:
        self._passing = True
        rest, self._held = self._held[index:], ""
        if index:
            return _without(rest, self._tail)
        return rest.lstrip() if self._tail[-1:].isspace() else " " + rest.lstrip()


def _without(text: str, beginning: str) -> str:
    """The text without what it begins with of `beginning`."""
    same = 0
    while same < min(len(text), len(beginning)) and text[same] == beginning[same]:
        same += 1
    return text[same:]


def _of_a_word(char: str) -> bool:
    return char.isalnum() or char in "'’-_"


def speakable(text: str) -> bool:
    """Whether there is anything in it to say."""
    return any(char.isalnum() for char in text)
