"""What the caller is owed: sound, from the end of their words until the answer is complete.

All moments are seconds of one clock.
"""

import math
from collections.abc import Hashable

# A sound of the caller that is shorter and brings no words is a cough.
SPEECH_S = 0.6
# Sounds so close together are one: a number is read digit by digit.
JOINED_S = 1.0
# Words that come later than this after a sound were not said in it: keys were pressed.
LATEST_WORDS_S = 5.0
# So much of an answer may be cut off without its being owed again.
UNHEARD_S = 0.5

_State = tuple[int, float | None, bool, bool, bool, bool]


class Owed:
    """Follows the turns of a call, told of each event in order.

    A debt begins with the end of the caller's words. Words are known by their transcript; a
    sound as long as a sentence counts before there is one, since a recogniser that is dead will
    never give one, and a cough is over sooner. A sound without words takes nothing back either:
    what was owed before it, or was cut off by it, is owed after it.

    What the bot begins by itself is owed to its end, too. A debt is settled once some of the
    answer was audible and nothing more of it is on its way. Fillers settle nothing.

    Attributes:
        since_s: When the debt began; None: nothing is owed.
        voice: Whether the caller is heard.
        voice_ended_s: When the caller was last heard.
        turns: How many turns of the caller there were; 0 during the greeting.
        greeting: Whether it is the greeting that is owed.
    """

    def __init__(self) -> None:
        self.since_s: float | None = None
        self.voice = False
        self.voice_ended_s = -math.inf
        self.turns = 0
        self.greeting = False
        self._words = False
        self._awaits_words = False
        self._answered = False
        self._words_to_come = self._answered_ahead = False

        self._voice_activity_known = False
        self._voice_began_s = 0.0
        self._voiced_s = 0.0
        self._before_sound: _State | None = None

        self._model_due = False
        self._response_open = False
        self._text_due = False
        self._silent_speech = False
        self._tools: set[str] = set()
        self._speech: set[Hashable] = set()
        self._fillers: set[Hashable] = set()

    def client_connected(self, at_s: float) -> None:
        """The caller is on the line and expects to be greeted."""
        if self.turns == 0 and self.since_s is None:
            self._owe(at_s)
            self.greeting = True

    def voice_began(self, at_s: float) -> None:
        """The caller makes a sound."""
        self._voice_activity_known = self.voice = True
        if at_s - self.voice_ended_s > JOINED_S:
            self._voiced_s = 0.0
        self._voice_began_s = at_s

    def voice_ended(self, at_s: float) -> None:
        """The caller is silent again."""
        if not self.voice:
            return
        self.voice = False
        self.voice_ended_s = max(at_s, self._voice_began_s)
        self._voiced_s += self.voice_ended_s - self._voice_began_s
        # A sum of times is seldom exact.
        if self._voiced_s >= SPEECH_S - 1e-6:
            self._before_sound = self._before_sound or self._state()
            self._renew(self.voice_ended_s)

    def sound_dismissed(self) -> None:
        """It was a backchannel or a noise: what was owed before it is owed after it."""
        before, self._before_sound = self._before_sound, None
        self._voiced_s = 0.0
        if before is None:
            return
        answered, since_s = self._answered, self.since_s
        self.turns, was_since_s, self._words, self._awaits_words, self.greeting, self._answered = (
            before
        )
        self._answered = self._answered or answered
        # What was settled meanwhile is settled.
        self.since_s = None if since_s is None else was_since_s
        self._settle()

    def turn_began(self) -> None:
        """Someone decided that the caller has the floor."""
        self._words_to_come = self._answered_ahead = False
        self._before_sound = None
        if not self._voice_activity_known:
            self.voice = True

    def turn_ended(self, at_s: float) -> None:
        """Someone decided that the caller is done: whoever hears no voices is to be believed."""
        self.voice = False
        self._words_to_come, self._answered_ahead = True, False
        if not self._voice_activity_known:
            self.voice_ended_s = at_s
            self._renew(at_s)

    def words_came(self, at_s: float) -> None:
        """The caller's words were written down, and the model is about to get them."""
        self._words_to_come = False
        # It was more than a sound: nobody dismisses it any more.
        self._before_sound = None
        if self._answered_ahead:
            self._answered_ahead = False
            return
        if self.since_s is None or self._answered or self.greeting:
            fresh = at_s - self.voice_ended_s <= LATEST_WORDS_S
            self._renew(self.voice_ended_s if fresh else at_s)
        elif self.voice_ended_s > self.since_s:
            self._renew(self.voice_ended_s)
        self._words = self._model_due = True
        self._awaits_words = False
        self._voiced_s = 0.0

    def model_asked(self, at_s: float) -> None:
        """The model has work to do that the caller did not ask for just now."""
        self._owe(at_s)
        self._model_due = True

    def response_began(self, at_s: float) -> None:
        """The model answers."""
        if self._words_to_come:
            # It was asked before the turn was over, and the words are written down behind it.
            self.words_came(at_s)
            self._answered_ahead = True
        self._owe(at_s)
        self._model_due, self._response_open = False, True

    def response_ended(self) -> None:
        """The model has written its last."""
        self._model_due = self._response_open = False
        self._settle()

    def tool_began(self, call_id: str, at_s: float) -> None:
        """A tool works for the answer."""
        self._owe(at_s)
        self._tools.add(call_id)

    def tool_ended(self, call_id: str, at_s: float, *, model_follows: bool) -> None:
        """A tool is done, and the model goes on, or not."""
        if call_id not in self._tools:
            return
        self._tools.remove(call_id)
        if model_follows and not self._tools:
            self.model_asked(at_s)
        self._settle()

    def text_came(self, text: str, at_s: float) -> None:
        """Words are about to be spoken."""
        if any(map(str.isalnum, text)):
            self._owe(at_s)
            self._text_due = True

    def speech_began(self, context_id: Hashable, at_s: float, *, filler: bool) -> None:
        """The voice begins an utterance."""
        if filler:
            self._fillers.add(context_id)
            return
        self._owe(at_s)
        self._speech.add(context_id)
        # Some answers are not the model's.
        self._model_due = False
        self._silent_speech = True

    def speech_ended(self, context_id: Hashable) -> None:
        """The voice has ended an utterance."""
        self._speech.discard(context_id)
        self._settle()

    def is_filler(self, context_id: Hashable) -> bool:
        """Whether the utterance bridges silence and says nothing."""
        return context_id is not None and context_id in self._fillers

    def heard(self, *, answer: bool) -> None:
        """Some of an utterance was audible."""
        self._text_due = False
        if answer:
            self._answered, self._silent_speech = True, False
            self._settle()

    def interrupted(self, at_s: float, *, unheard_s: float) -> None:
        """Everything on its way is dropped, of the answer so much that would have been heard."""
        self._drop_what_is_on_its_way()
        self._answered = self._words_to_come = self._answered_ahead = False
        if unheard_s >= UNHEARD_S:
            self._owe(at_s)

    def forgiven(self) -> None:
        """Nothing is owed until the caller speaks again, or the bot begins anew."""
        self._drop_what_is_on_its_way()
        self.since_s = None
        self.greeting = False

    @property
    def outstanding(self) -> tuple[str, ...]:
        """The stages that are waited for: of "stt", "llm", "tts", "tool".

        Once an answer has begun, it shows from here that it stopped, and not in which of two.
        """
        if self._tools:
            return ("tool",)
        if self._text_due or (self._speech and self._silent_speech):
            return ("tts",)
        if self._speech and self._response_open:
            return ("llm", "tts")
        if self._response_open or self._model_due or self._words:
            return ("llm",)
        return ("tts",) if self._speech or self.greeting else ("stt",)

    def _state(self) -> "_State":
        return (
            self.turns,
            self.since_s,
            self._words,
            self._awaits_words,
            self.greeting,
            self._answered,
        )

    def _owe(self, at_s: float) -> None:
        if self.since_s is None:
            self.since_s = at_s
            self._answered = self._words = self._awaits_words = False

    def _renew(self, at_s: float) -> None:
        if self.since_s is None or not self._awaits_words:
            self.turns += 1
        self.since_s = at_s
        self._answered = self._words = self.greeting = False
        self._awaits_words = True

    def _settle(self) -> None:
        more_to_come = (
            self._model_due
            or self._response_open
            or self._text_due
            or bool(self._tools)
            or bool(self._speech)
        )
        if self._answered and not more_to_come:
            self.since_s = None
            self.greeting = False

    def _drop_what_is_on_its_way(self) -> None:
        self._model_due = self._response_open = self._text_due = self._silent_speech = False
        self._speech.clear()
        self._fillers.clear()
