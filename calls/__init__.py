"""One call: what a bot is handed, how it is run, what remains of it."""

from calls.bot import Bot, Line, as_bot
from calls.call import Call

__all__ = ["Bot", "Call", "Line", "as_bot"]
