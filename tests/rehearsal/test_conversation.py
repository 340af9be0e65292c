from dataclasses import dataclass

import numpy as np
from far_end import TOKEN, Line, far_end
from pipecat.frames.frames import InputAudioRawFrame

from rehearsal.audible import audible_spans
from rehearsal.conversation import Conversation, Patience, Turn
from rehearsal.mulaw import Pcm
from rehearsal.phone import TwilioPhone

SHORT = Patience(timeout_s=0.5, quiet_ms=150, afterthought_ms=250)


@dataclass(frozen=True)
class Say:
    say: str
    expect: str = ""


def tone(ms: int) -> Pcm:
    return (np.sin(np.arange(ms * 8) / 3) * 6000).astype(np.int16)


async def speak(text: str) -> Pcm:
    return tone(100)


async def end_of_speech(line: Line) -> bool:
    """True once the caller has spoken and stopped; False when gone."""
    spoke = False
    while (heard := await line.hear()) is not False:
        if isinstance(heard, InputAudioRawFrame):
            loud = bool(audible_spans(np.frombuffer(heard.audio, np.int16)))
            if spoke and not loud:
                return True
            spoke = spoke or loud
    return False


async def polite(line: Line) -> None:
    await line.play(tone(100).tobytes())
    while await end_of_speech(line):
        await line.play(tone(100).tobytes())


async def mute(line: Line) -> None:
    await line.until_gone()


async def leaves_after_one(line: Line) -> None:
    await line.play(tone(100).tobytes())
    await end_of_speech(line)
    await line.play(tone(60).tobytes())
    await line.until("media")
    await line.mark("goodbye")
    await line.until("mark")
    await line.socket.close()


async def converse(script, lines: list[Say], words: str = "your order number please") -> list[Turn]:
    async with far_end(script) as end, TwilioPhone(auth_token=TOKEN) as phone:
        await phone.dial(end.webhook)
        conversation = Conversation(phone, speak, lambda since_s: words, SHORT)
        return await conversation.run(lines)


async def test_each_line_waits_for_the_answer_before_it() -> None:
    greeting, first, second = await converse(polite, [Say("one", "ORDER number"), Say("two")])
    assert [turn.problem for turn in (greeting, first, second)] == ["", "", ""]
    assert greeting.answer is not None
    assert first.spoken is not None
    assert first.answer is not None
    assert second.spoken is not None
    assert greeting.answer.end_s < first.spoken.start_s < first.answer.start_s
    assert first.answer.end_s < second.spoken.start_s


async def test_voice_to_voice_runs_from_the_last_sound_spoken_to_the_first_heard() -> None:
    _, turn = await converse(polite, [Say("one")])
    assert turn.spoken is not None
    assert turn.answer is not None
    assert turn.voice_to_voice_ms == (turn.answer.start_s - turn.spoken.end_s) * 1000
    assert turn.dead_air_ms is not None
    assert turn.voice_to_voice_ms is not None
    assert turn.dead_air_ms >= turn.voice_to_voice_ms - 0.001


async def test_an_answer_without_the_expected_words_is_a_problem() -> None:
    _, turn = await converse(polite, [Say("one", "refund")])
    assert turn.problem == 'Expected /refund/, but heard "your order number please".'


async def test_a_bot_that_says_nothing_is_a_problem_in_every_turn() -> None:
    greeting, turn = await converse(mute, [Say("one")], words="")
    assert greeting.problem == "The bot said nothing for 0.5 s."
    assert turn.problem == "The bot said nothing for 0.5 s."
    assert turn.voice_to_voice_ms is None


async def test_lines_after_the_bot_hung_up_are_reported_as_not_spoken() -> None:
    _, first, second = await converse(leaves_after_one, [Say("one"), Say("two")])
    assert first.problem == ""
    assert second.problem == "The call was over before this line."
    assert second.spoken is None


async def test_a_filler_is_not_taken_for_the_expected_answer() -> None:
    async def slow(line: Line) -> None:
        await line.play(tone(100).tobytes())
        await end_of_speech(line)
        await line.play(tone(40).tobytes())
        # Nothing of the caller's for a while, counted in the caller's own 20 ms frames.
        for _ in range(15):
            await line.hear()
        await line.play(tone(40).tobytes())
        answered.append(True)
        await line.until_gone()

    answered: list[bool] = []
    async with far_end(slow) as end, TwilioPhone(auth_token=TOKEN) as phone:
        await phone.dial(end.webhook)
        patient = Patience(timeout_s=2, quiet_ms=150, afterthought_ms=5000)
        conversation = Conversation(
            phone, speak, lambda since_s: "it was sent" if answered else "one moment", patient
        )
        _, turn = await conversation.run([Say("one", "was sent")])
    assert turn.problem == ""
    assert turn.words == "it was sent"
    assert turn.answer is not None
    assert turn.answer.end_s - turn.answer.start_s > 0.2
