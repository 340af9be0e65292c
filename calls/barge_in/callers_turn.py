"""When the caller has the floor."""

from collections.abc import Callable
from typing import Protocol

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import BaseUserTurnStartStrategy

from calls.barge_in.hold import Hold
from calls.barge_in.meaning import meaning_of
from calls.barge_in.sensitivity import BARGE_IN, BargeIn
from calls.barge_in.sound import Sound, Verdict
from processors.dismissed import SoundDismissedFrame

# An echo is as like the bot as this; and where somebody speaks into it, less than that. Whoever
# happens to sound as the bot did just now is seldom as like it.
_ECHO = 0.65
_NO_ECHO = 0.55
_COMPARED_EVERY_S = 0.1

Words = TranscriptionFrame | InterimTranscriptionFrame


class Voice(Protocol):
    """The detector of the caller's voice."""

    @property
    def quiet_s(self) -> float:
        """How long the caller has been quiet, known before anyone is told of it."""
        ...

    @property
    def rising_s(self) -> float:
        """How long there has been a voice, known before anyone is told of it."""
        ...

    @property
    def present(self) -> bool:
        """Whether there is a voice, or may be one."""
        ...


class CallersTurn(BaseUserTurnStartStrategy):
    """Starts the caller's turn: at the first sound, but while the bot speaks at an interruption.

    While the bot speaks, a sound makes it pause. If the sound proves to be a backchannel, an echo
    or a noise, the bot goes on from the same word and nothing of it becomes a turn. If it proves
    to be an interruption, by its words or by its length, the turn starts. Lengths are those of
    the audio that was heard: however late a busy server comes to it, a sound is no longer for it.

    Parameters:
        hold: Of the bot's audio.
        voice: The detector of the caller's voice.
        sensitivity: Of the bot.
        on_sound: Told of every sound while the bot spoke, once it is known what it was.
    """

    def __init__(
        self,
        *,
        hold: Hold,
        voice: Voice,
        sensitivity: BargeIn = BARGE_IN,
        on_sound: Callable[[Sound], None] | None = None,
    ) -> None:
        super().__init__()
        self._hold = hold
        self._voice = voice
        self._how = sensitivity
        self._on_sound = on_sound
        self._sound: Sound | None = None
        self._bot_speaks = self._turn_open = False
        self._early_words = False
        self._heard_s = self._compared_s = 0.0

    async def handle_user_turn_started(self) -> None:
        self._hold.saying.answered()
        self._turn_open, self._sound = True, None

    async def handle_user_turn_stopped(self) -> None:
        self._turn_open = False

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        if isinstance(frame, InputAudioRawFrame):
            self._heard_s += frame.num_frames / frame.sample_rate
        match frame:
            case InterimTranscriptionFrame() | TranscriptionFrame():
                if isinstance(frame, InterimTranscriptionFrame):
                    self._early_words = True
                await self._words_came(frame)
            case BotStartedSpeakingFrame():
                self._bot_speaks = True
            case BotStoppedSpeakingFrame():
                self._bot_speaks = False
            case _ if self._turn_open:
                pass
            case InputAudioRawFrame():
                await self._hear(frame)
            case VADUserStartedSpeakingFrame():
                await self._voice_began(frame)
            case VADUserStoppedSpeakingFrame() if self._sound:
                self._sound.ended(self._heard_s, quiet_s=frame.stop_secs)
                await self._look()
        return ProcessFrameResult.CONTINUE

    # What the caller does

    async def _hear(self, frame: InputAudioRawFrame) -> None:
        if self._bot_speaks:
            self._hold.echo.heard(frame.audio, frame.sample_rate)
        sound = self._sound
        if sound and sound.voiced and not sound.confirmed and not self._voice.present:
            # The detector has thought better of it.
            sound.ended(self._heard_s)
        elif self._bot_speaks and self._rises(sound):
            self._suspect(self._voice.rising_s)
        if self._sound:
            self._compare(self._sound)
            await self._look()

    def _rises(self, sound: Sound | None) -> bool:
        """Whether there is a voice; less is enough for one that was there a moment ago."""
        if sound and sound.may_come_back:
            return self._voice.rising_s > 0
        return self._voice.rising_s >= self._how.suspect_s

    async def _voice_began(self, frame: VADUserStartedSpeakingFrame) -> None:
        if self._bot_speaks:
            self._suspect(frame.start_secs)
        if self._sound and self._sound.voiced:
            self._sound.confirmed = True
            await self._look()
        else:
            await self.trigger_user_turn_started()

    async def _words_came(self, frame: Words) -> None:
        if self._turn_open:
            return
        now_s = self._heard_s
        sound = self._sound
        if not sound or not sound.may_have_words(now_s):
            if not self._bot_speaks:
                await self.trigger_user_turn_started()
                return
            # Somebody was understood whom the detector did not hear.
            sound = self._sound = Sound(now_s, voiced=False, ended_s=now_s)
        sound.add(frame, now_s)
        sound.meaning = meaning_of(
            sound.text,
            saying=self._hold.saying.lately(),
            question=self._hold.saying.question(),
            at_least=self._how.words,
            backchannels=self._how.backchannels,
        )
        await self._look()
        if isinstance(frame, TranscriptionFrame) and not self._turn_open:
            await self.trigger_reset_aggregation()

    def _suspect(self, lasts_s: float) -> None:
        if self._sound and self._sound.voiced:
            return
        if self._sound and not self._sound.finished:
            # What the one before was did not come out: this is more of it.
            self._sound.goes_on(self._heard_s - lasts_s)
        else:
            self._sound = Sound(self._heard_s - lasts_s)
        self._compared_s = self._heard_s
        self._sound.echoing = self._hold.echo.likeness() >= _ECHO
        self._sound.surely_echo = self._sound.echoing
        if not self._sound.echoing and self._hold.interruptible:
            self._hold.pause()

    def _compare(self, sound: Sound) -> None:
        """Look again whether it is the bot that is heard, or somebody who speaks into it."""
        now_s = self._heard_s
        if not sound.echoing or now_s - self._compared_s < _COMPARED_EVERY_S:
            return
        if self._voice.quiet_s > 0:
            # The bot is between two words, and its echo too.
            return
        self._compared_s = now_s
        likeness = self._hold.echo.likeness()
        sound.surely_echo = sound.surely_echo and likeness >= _ECHO
        if likeness < _NO_ECHO:
            sound.echoing, sound.began_s = False, now_s
            sound.verdict = Verdict.OPEN
            self._hold.pause()

    # What is made of it

    async def _look(self) -> None:
        sound = self._sound
        if sound is None:
            return
        before = sound.verdict
        sound.verdict = sound.look(
            self._heard_s,
            quiet_s=self._voice.quiet_s,
            bot_paused=self._hold.paused,
            early_words=self._early_words,
            how=self._how,
        )
        if sound.verdict is Verdict.BARGE_IN:
            self._tell(sound)
            await self.trigger_user_turn_started()
            return
        if sound.verdict is not before:
            sound.held_s += self._hold.go_on()
        if sound.verdict is not Verdict.OPEN and not sound.voiced and not sound.finished:
            sound.finished = True
            self._tell(sound)
            await self.push_frame(SoundDismissedFrame(sound.verdict, sound.text, sound.held_s))

    def _tell(self, sound: Sound) -> None:
        if self._on_sound:
            self._on_sound(sound)
