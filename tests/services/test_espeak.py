import asyncio
import subprocess
import sys
import threading
from contextlib import aclosing, closing
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.embedded.espeak import (
    SAMPLE_RATE_HZ,
    Chunk,
    VoiceSpec,
    Word,
    check_voice,
    is_speakable,
    speak,
    stream,
    synthesise,
    variants,
    voices,
)

ORDER = "Your order 47291 was shipped on Monday, November 23rd at 9:30."
TALE = "This is a sentence about nothing much, and it goes on for a while. " * 150


def samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, np.int16).astype(np.float64) / 32768


def words_of(chunks: list[Chunk]) -> list[Word]:
    return [word for chunk in chunks for word in chunk.words]


def pcm_of(chunks: list[Chunk]) -> bytes:
    return b"".join(chunk.pcm for chunk in chunks)


def loudness_of_words(chunks: list[Chunk]) -> list[float]:
    voice = samples(pcm_of(chunks))
    begins = [round(word.start_ms / 1000 * SAMPLE_RATE_HZ) for word in words_of(chunks)]
    return [np.sqrt((voice[a:b] ** 2).mean()) for a, b in pairwise([*begins, voice.size])]


async def heard(text: str, spec: VoiceSpec) -> list[Chunk]:
    return [chunk async for chunk in stream(text, spec)]


def wait_for_the_worker() -> None:
    for thread in threading.enumerate():
        if thread.name == "espeak-ng":
            thread.join(timeout=10)
            assert not thread.is_alive()


def assert_same_speech(one: list[Chunk], other: list[Chunk]) -> None:
    assert [word.text for word in words_of(one)] == [word.text for word in words_of(other)]
    for mine, yours in zip(words_of(one), words_of(other), strict=True):
        assert mine.start_ms == pytest.approx(yours.start_ms, abs=25)
    # No two renderings are equal to the sample: espeak-ng's oscillators run on between texts, and a
    # sentence begins some milliseconds earlier or later. Its words are as loud as before to 0.9996;
    # with a piece of another voice in every twenty-fifth place, to 0.993 at most.
    assert np.corrcoef(loudness_of_words(one), loudness_of_words(other))[0, 1] > 0.997


def test_every_word_of_a_sentence_is_reported_once_with_its_place_and_time():
    chunks = list(synthesise(ORDER))
    words = words_of(chunks)
    assert [word.text for word in words] == ORDER.split()
    assert all(ORDER[w.position : w.position + w.length] == w.text for w in words)
    starts = [word.start_ms for word in words]
    assert starts == sorted(starts)
    assert starts[0] < 50
    assert starts[-1] < len(pcm_of(chunks)) / 2 / SAMPLE_RATE_HZ * 1000 - 500


def test_a_number_keeps_its_digits_and_lasts_as_long_as_it_takes_to_say():
    words = {word.text: word.start_ms for word in words_of(list(synthesise(ORDER)))}
    assert words["was"] - words["47291"] > 1500


def test_words_that_are_said_in_one_go_keep_their_order():
    chunks = list(synthesise("It's of the kind that I have been to."))
    starts = [word.start_ms for word in words_of(chunks)]
    assert len(starts) == 9
    assert all(early < late for early, late in pairwise(starts))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_either_silent_or_reported_in_full(text: str):
    chunks = list(synthesise(text))
    assert is_speakable(text) or not chunks
    assert not chunks or [word.text for word in words_of(chunks)] == text.split()


_MARKS = st.text(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿«»–—‘’“”„…•", max_size=8)


@settings(max_examples=60, deadline=None)
@given(_MARKS, st.characters(max_codepoint=0x17F, categories=["L", "N"]), _MARKS)
@example(";", "¹", "")
@example("(—", "½", ")")
def test_a_letter_or_figure_is_said_whatever_marks_stand_beside_it(
    before: str, char: str, after: str
):
    text = f"{before}{char}{after}"
    assert is_speakable(text)
    assert [word.text for word in words_of(list(synthesise(text)))] == text.split()


@pytest.mark.parametrize("text", ["", "   ", "\n", "...", "?!", "—", "👍", "👨‍👩‍👧 🎉"])
def test_text_without_a_sound_yields_nothing(text: str):
    assert list(synthesise(text)) == []


@pytest.mark.parametrize("voice", ["en-us", "en-us+f2", "en-us+f3", "en-us+klatt", "de", "fr+m3"])
def test_every_voice_speaks_at_the_same_level_and_never_clips(voice: str):
    level = samples(speak(ORDER, VoiceSpec.parse(voice)))
    assert -23 < 20 * np.log10(np.sqrt((level**2).mean())) < -18
    assert np.abs(level).max() < 0.999


def test_half_the_volume_is_six_decibels_less():
    full, half = (np.std(samples(speak(ORDER, VoiceSpec(volume=v)))) for v in (100, 50))
    assert 20 * np.log10(half / full) == pytest.approx(-6, abs=1)


@pytest.mark.parametrize("text", ["Hello there.", "Is it you?", "Stop!", "Well, ok", ORDER])
def test_hardly_any_silence_before_and_a_short_pause_after_a_sentence(text: str):
    pcm = samples(speak(text, VoiceSpec(variant="")))
    loud = np.flatnonzero(np.abs(pcm) > 100 / 32768)
    assert loud[0] <= SAMPLE_RATE_HZ * 0.010
    assert pcm.size - loud[-1] - 1 <= SAMPLE_RATE_HZ * 0.150


def test_a_chunk_lasts_at_most_forty_milliseconds():
    chunks = list(synthesise(ORDER))
    assert max(len(chunk.pcm) for chunk in chunks) <= SAMPLE_RATE_HZ * 0.040 * 2
    assert len(chunks) > 100


async def test_calls_that_speak_at_once_hear_only_themselves():
    lines = [
        (ORDER + " " + "It weighs two kilos and comes in a blue box. " * 8, VoiceSpec()),
        ("Guten Tag, was kann ich für Sie tun? " * 12, VoiceSpec.parse("de+m3@150")),
        ("No. " + "We are closed on Sundays. " * 12, VoiceSpec.parse("en-us+f2@190")),
    ]
    alone = [await heard(text, spec) for text, spec in lines]
    together = await asyncio.gather(*(heard(text, spec) for text, spec in lines))
    for one, other in zip(alone, together, strict=True):
        assert_same_speech(one, other)


async def test_a_long_text_does_not_hold_up_a_short_one():
    long = asyncio.create_task(heard(TALE, VoiceSpec()))
    short = asyncio.create_task(heard("Hello.", VoiceSpec()))
    done, _ = await asyncio.wait([long, short], return_when=asyncio.FIRST_COMPLETED)
    assert done == {short}
    assert len(pcm_of(await long)) > 100 * len(pcm_of(short.result()))


def test_speech_given_up_stops_the_engine_and_leaves_nothing_to_the_next():
    alone = list(synthesise(ORDER))
    with closing(synthesise(TALE)) as speech:
        next(speech)
    assert_same_speech(alone, list(synthesise(ORDER)))


async def test_speech_given_up_in_an_event_loop_stops_the_engine():
    hours_of_speech = TALE * 100
    async with aclosing(stream(hours_of_speech)) as speech:
        await anext(speech)
    await asyncio.to_thread(wait_for_the_worker)


def test_no_thread_is_left_when_nobody_speaks():
    before = threading.active_count()
    calls = [threading.Thread(target=speak, args=(ORDER,)) for _ in range(4)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    wait_for_the_worker()
    assert threading.active_count() == before


def test_a_word_longer_than_a_piece_is_one_word():
    assert [word.text for word in words_of(list(synthesise("x" * 600)))] == ["x" * 600]


def test_long_text_is_cut_into_pieces_without_losing_a_word():
    assert [word.text for word in words_of(list(synthesise(TALE[:2000])))] == TALE[:2000].split()


def test_an_unknown_voice_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r'no voice "tlh"\. Available: .*en-us'):
        check_voice(VoiceSpec(voice="tlh"))


def test_an_unknown_variant_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r'no variant "zz"\. Available: .*f2'):
        speak("Hello.", VoiceSpec(variant="zz"))


def test_every_voice_there_is_speaks():
    assert {"en-gb", "en-us", "es-mx", "fr-fr", "no", "zh"} < {*voices()}
    assert [voice for voice in voices() if not speak("one", VoiceSpec(voice, ""))] == []


def test_every_variant_there_is_speaks():
    assert {"f3", "m3", "Annie"} < {*variants()}
    assert [name for name in variants() if not speak("one", VoiceSpec(variant=name))] == []


def test_a_language_whose_pronunciation_is_missing_is_not_offered():
    # espeak-ng lists Faroese; this copy of it has no dictionary for it and would say nothing.
    assert "fo" not in voices()


def test_a_language_is_spoken_by_the_voice_that_speaks_it_best():
    british, american = (
        words_of(list(synthesise("Tomorrow's schedule is half past four.", VoiceSpec(voice))))
        for voice in ("en-gb", "en-us")
    )
    plain = words_of(list(synthesise("Tomorrow's schedule is half past four.", VoiceSpec("en"))))
    assert [w.start_ms for w in plain] == pytest.approx([w.start_ms for w in british], abs=5)
    assert [w.start_ms for w in plain] != pytest.approx([w.start_ms for w in american], abs=5)


def test_a_voice_is_found_whatever_its_capitals():
    assert check_voice(VoiceSpec.parse("EN-US+annie")) == VoiceSpec(variant="Annie")


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("en-us", VoiceSpec(variant="")),
        ("en-us+f2", VoiceSpec(variant="f2")),
        ("en-us+f2@180", VoiceSpec(variant="f2", rate_wpm=180)),
        ("de@140", VoiceSpec(voice="de", variant="", rate_wpm=140)),
    ],
)
def test_a_voice_is_named_in_one_word(name: str, spec: VoiceSpec):
    assert VoiceSpec.parse(name) == spec
    assert VoiceSpec.parse(str(spec)) == spec


@pytest.mark.parametrize("name", ["", "+f2", "en-us+f2@fast", "en-us@@1"])
def test_a_voice_that_cannot_be_read_is_refused_with_the_forms_it_may_have(name: str):
    with pytest.raises(ValueError, match=r"write it like"):
        VoiceSpec.parse(name)


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"rate_wpm": 20}, "rate_wpm is 20, but must lie between 80 and 450"),
        ({"pitch": 100}, "pitch is 100"),
        ({"pitch_range": -1}, "pitch_range is -1"),
        ({"word_gap_ms": 501}, "word_gap_ms is 501"),
        ({"volume": 201}, "volume is 201"),
    ],
)
def test_a_number_out_of_bounds_is_named_with_its_limits(limits: dict[str, Any], named: str):
    with pytest.raises(ValueError, match=named):
        VoiceSpec(**limits)


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_without_the_extra_the_error_says_what_to_install():
    result = run_python(
        "import sys; sys.modules['espeakng_loader'] = None\n"
        "from services.embedded.espeak import speak; speak('Hello.')"
    )
    assert result.stderr.rstrip().endswith(
        'The embedded voice needs the "embedded" extra: pip install "switchboard[embedded]".'
    )


def test_speech_in_progress_does_not_keep_the_interpreter_alive():
    result = run_python(
        "from services.embedded.espeak import synthesise\n"
        "speech = synthesise('One sentence after another. ' * 20_000); next(speech)\n"
        "print('leaving')"
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "leaving\n", "")


def test_the_engine_needs_no_pipecat():
    result = run_python(
        "import sys, services.embedded.espeak\nprint([m for m in sys.modules if 'pipecat' in m])"
    )
    assert result.stdout == "[]\n"
