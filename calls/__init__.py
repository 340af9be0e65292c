"""One call: what a bot is handed, how it is run, what remains of it."""

from calls.barge_in.sensitivity import BargeIn
from calls.bot import Bot, Line, as_bot
from calls.call import Call
from calls.faq import Faq
from calls.notices import notice
from calls.turn_taking.pauses import Pace

__all__ = ["BargeIn", "Bot", "Call", "Faq", "Line", "Pace", "as_bot", "notice"]
