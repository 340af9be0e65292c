"""What the bot is asked, and says, while the labelled sounds are let hear."""

from rehearsal.barge_in.labelled import Labelled
from rehearsal.standins.prompt import Prompt, Reply
from rehearsal.turns.mind import Mind
from rehearsal.turns.script import GREETED, GREETING, Line, Sound

_ASKS = "tell me how delivery works"
_ANSWER = (
    "First we call you to agree on a day. Then two of our people bring everything to your door. "
    "They carry it upstairs and take the old furniture along if you like."
)
_HEARD = "if you like"
_ASKS_WAY = "tell me where your parking is"
_ANSWER_WAY = (
    "Shall I send you the directions? It is right behind the station, next to the old town hall. "
    "The first hour is free of charge for all of our customers."
)
_HEARD_WAY = "of our customers"
SENTENCES = {GREETED: GREETING, _HEARD: _ANSWER, _HEARD_WAY: _ANSWER_WAY}


def line_with(item: Labelled) -> Line:
    """The turn into whose answer the sound is let hear."""
    asks, answer, heard = _ASKS, _ANSWER, _HEARD
    if item.answers:
        asks, answer, heard = _ASKS_WAY, _ANSWER_WAY, _HEARD_WAY
    sound = Sound(item.label, item.key, item.after_s)
    return Line("long", (asks,), answer, heard, into=(sound,))


class BriefMind(Mind):
    """Gives a long answer to each of the two questions, and a short one to everything else."""

    def __call__(self, prompt: Prompt) -> Reply:
        asked = prompt.last_user_text.lower()
        if not asked:
            return Reply(GREETING)
        with self._lock:
            self.tally.calls += 1
        if "delivery" in asked:
            return Reply(_ANSWER)
        return Reply(_ANSWER_WAY if "parking" in asked else "All right.")
