"""What is known around a text that is searched."""

from dataclasses import dataclass
from datetime import date

# So few digits in a row are shown: fewer than any part of a number that is worth something.
SHOWN_DIGITS = 2


@dataclass(frozen=True)
class Setting:
    """Around a text.

    Attributes:
        who: Whose words they are: "caller", "bot", "tool" or "log".
        today: The date.
        about: What the bot asked for or the caller is about to give: a key of the topics, or "".
        dictated: A number is being given.
        of_times: The talk is of times of the day, so that "ten thirty" is one.
        email_given: An address was given, which the bot may repeat and be cut short in.
        half_date: A day and month were said without a year.
        given: Digits that the caller gave, which the bot may repeat.
        room: How many digits the caller may still show.
    """

    who: str
    today: date
    about: str = ""
    dictated: bool = False
    of_times: bool = False
    email_given: bool = False
    half_date: bool = False
    given: str = ""
    room: int = SHOWN_DIGITS

    @property
    def given_before(self) -> bool:
        """Whether digits came before this text, or were asked for."""
        return self.dictated or self.room < SHOWN_DIGITS
