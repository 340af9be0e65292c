"""The lines of the house: how many calls are taken at once, and when no more are."""


class NoLine(RuntimeError):
    """No call can be taken now. The message is a sentence for the caller."""


class Line:
    """One call's place. Given back once, however often `release` is called."""

    def __init__(self, lines: "Lines") -> None:
        self._lines: Lines | None = lines

    def release(self) -> None:
        if self._lines:
            self._lines.in_use -= 1
            self._lines = None


class Lines:
    """At most `max_calls` calls at once, and none once closed."""

    def __init__(self, max_calls: int) -> None:
        self.max_calls = max_calls
        self.in_use = 0
        self.closed = False

    def take(self) -> Line:
        """A place for one call.

        Raises:
            NoLine: when all are taken, or the server is about to stop.
        """
        if reason := self.refusal():
            raise NoLine(reason)
        self.in_use += 1
        return Line(self)

    def refusal(self) -> str | None:
        """Why a call would be refused now, as a sentence for the caller; None when it would not."""
        if self.closed:
            return "We are not taking calls right now. Please try again in a few minutes."
        if self.in_use >= self.max_calls:
            return "All lines are busy. Please try again in a few minutes."
        return None

    def close(self) -> None:
        """Take no more calls. Running ones keep their lines."""
        self.closed = True
