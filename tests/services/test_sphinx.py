import math
import queue
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pocketsphinx
import pytest
import soxr

from services.embedded import ear_model
from services.embedded import listener as listener_module
from services.embedded.espeak import SAMPLE_RATE_HZ as ESPEAK_HZ
from services.embedded.espeak import VoiceSpec, synthesise
from services.embedded.general_english import GeneralModel
from services.embedded.high_band import HighBand
from services.embedded.language_model import Mixture, mixed_arpa
from services.embedded.listener import Heard, Listener
from services.embedded.phone_talk import PhoneTalk, words_of
from services.embedded.pronunciation import pronunciation_by_spelling, pronunciations
from services.embedded.sphinx import SAMPLE_RATE_HZ, Ear

CALLER = VoiceSpec(variant="klatt6", rate_wpm=160, pitch=55, pitch_range=50)
LINES = ("where is my order", "my order number is four seven two nine one", "ask for Zyxxo")


def spoken(text: str) -> bytes:
    """The caller's sentence at 16 kHz with quiet around it."""
    pcm = b"".join(chunk.pcm for chunk in synthesise(text, CALLER))
    samples = soxr.resample(np.frombuffer(pcm, np.int16), ESPEAK_HZ, SAMPLE_RATE_HZ)
    quiet = np.zeros(SAMPLE_RATE_HZ // 5, np.int16)
    return np.concatenate([quiet, samples, quiet]).astype(np.int16).tobytes()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def ear(models: Path) -> Ear:
    return Ear(tuple(" ".join(words_of(line)) for line in LINES), cache_dir=models)


@pytest.fixture
def heard() -> queue.SimpleQueue[Heard]:
    return queue.SimpleQueue()


@pytest.fixture
def listener(ear: Ear, heard: queue.SimpleQueue[Heard]) -> Iterator[Listener]:
    listener = Listener(ear, heard.put)
    yield listener
    listener.close(drop=True)


def finals(heard: queue.SimpleQueue[Heard], count: int) -> list[Heard]:
    found: list[Heard] = []
    while len(found) < count:
        result = heard.get(timeout=60)
        if result.final:
            found.append(result)
    return found


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("My order number is 472.", "my order number is four seven two"),
        ("That’s right!", "that's right"),
        ("At 9 a.m., please", "at nine a m please"),
        ("check-in", "check in"),
        ("...", ""),
    ],
)
def test_a_line_is_spelled_as_it_is_spoken(line: str, words: str) -> None:
    assert " ".join(words_of(line)) == words


@pytest.mark.parametrize("word", ["zyxxo", "tchaikovsky", "queue", "x"])
def test_a_word_without_an_entry_gets_sounds_the_recogniser_knows(word: str) -> None:
    known = {phone for every in pronunciations().values() for phone in every[0].split()}
    sounds = pronunciation_by_spelling(word).split()
    assert sounds
    assert set(sounds) <= known


def test_a_number_in_a_sample_line_stands_for_other_numbers() -> None:
    others = PhoneTalk(random.Random(1)).variants("my order number is four seven", 20)
    assert len(set(others)) > 10
    assert all(other.startswith("my order number is ") for other in others)


def test_one_as_a_plain_word_is_not_taken_for_a_number() -> None:
    assert PhoneTalk(random.Random(1)).variants("one moment please", 20) == []


def tiny_general() -> GeneralModel:
    words = ["<s>", "</s>", "order", "river", "my"]
    return GeneralModel(
        words=words,
        unigrams=np.log([1e-9, 0.2, 0.2, 0.3, 0.3]),
        backoffs=np.zeros(5),
        first=np.array([0, 4, 3]),
        second=np.array([4, 3, 1]),
        bigrams=np.log([0.5, 0.4, 0.6]),
    )


def rows_of(arpa: str) -> list[tuple[float, list[str], float]]:
    rows, order = [], 0
    for line in arpa.splitlines():
        if line.endswith("-grams:"):
            order = int(line[1])
        elif order and line and not line.startswith("\\"):
            fields = line.split()
            backoff = float(fields[order + 1]) if len(fields) > order + 1 else 0.0
            rows.append((float(fields[0]), fields[1 : order + 1], backoff))
    return rows


def test_in_every_context_the_words_that_may_follow_share_all_of_the_probability() -> None:
    lines = [(4.0, ["my", "order"]), (2.0, ["my", "order", "order"]), (1.0, ["order"])]
    arpa, words = mixed_arpa(lines, tiny_general(), {"my", "order", "river"}, Mixture())
    probability = {tuple(gram): 10**prob for prob, gram, _ in rows_of(arpa)}
    backoff = {tuple(gram): 10**weight for _, gram, weight in rows_of(arpa)}

    def follows(context: tuple[str, ...], word: str) -> float:
        if (*context, word) in probability:
            return probability[*context, word]
        return backoff.get(context, 1.0) * follows(context[1:], word)

    contexts = [gram for gram in backoff if len(gram) < 3 and "</s>" not in gram]
    assert ("my", "order") in contexts
    for context in ((), *contexts):
        total = sum(follows(context, word) for word in (*words, "</s>"))
        assert math.isclose(total, 1.0, abs_tol=2e-3), context


def test_a_word_outside_the_lines_survives_in_the_model() -> None:
    _, words = mixed_arpa([(4.0, ["my", "order"])], tiny_general(), {"my", "river"}, Mixture())
    assert "river" in words


def test_the_general_model_is_read_as_its_own_reader_reads_it() -> None:
    path = pocketsphinx.get_model_path("en-us/en-us.lm.bin")
    general = GeneralModel.read(Path(path))
    theirs = pocketsphinx.NGramModel(pocketsphinx.Config(), pocketsphinx.LogMath(), path)
    for place in (0, 1_000, 1_000_000, len(general.first) - 1):
        pair = [general.words[general.first[place]], general.words[general.second[place]]]
        ours = general.bigrams[place] / math.log(1.0001)
        assert abs(theirs.prob(pair) - ours) <= 1.0, pair


def test_another_file_is_not_taken_for_a_general_model(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.lm.bin"
    wrong.write_bytes(b"Trie Language Model\x05")
    with pytest.raises(ValueError, match="order 3"):
        GeneralModel.read(wrong)


def test_an_order_number_is_understood(ear: Ear) -> None:
    said = "my order number is four seven two nine one"
    assert ear.transcribe(spoken(said)) == said


def test_a_number_no_line_mentions_is_understood(ear: Ear) -> None:
    assert ear.transcribe(spoken("my order number is six two five")).endswith("six two five")


def test_silence_has_no_words(ear: Ear) -> None:
    assert ear.transcribe(bytes(SAMPLE_RATE_HZ)) == ""


def test_interim_words_come_before_the_final_ones(
    listener: Listener, heard: queue.SimpleQueue[Heard]
) -> None:
    number = listener.begin()
    audio = spoken("where is my order")
    for start in range(0, len(audio), 640):
        listener.hear(audio[start : start + 640])
    listener.finish()
    results = [heard.get(timeout=60)]
    while not results[-1].final:
        results.append(heard.get(timeout=60))
    assert results[-1] == Heard(number, "where is my order", final=True)
    interims = [result.text for result in results[:-1]]
    assert interims
    assert all(now != before for now, before in zip(interims[1:], interims, strict=False))


def test_a_caller_who_goes_on_starts_a_new_transcript(
    listener: Listener, heard: queue.SimpleQueue[Heard]
) -> None:
    for line in ("where is my order", "my order number is four seven two nine one"):
        listener.begin()
        listener.hear(spoken(line))
        listener.finish()
    first, second = finals(heard, 2)
    assert (first.utterance, first.text) == (1, "where is my order")
    assert (second.utterance, second.text) == (2, "my order number is four seven two nine one")


def test_an_utterance_never_finished_is_finished_by_the_next(
    listener: Listener, heard: queue.SimpleQueue[Heard]
) -> None:
    listener.begin()
    listener.hear(spoken("where is my order"))
    listener.begin()
    listener.finish()
    assert [result.text for result in finals(heard, 2)] == ["where is my order", ""]


def test_closing_decodes_what_waits_and_leaves_no_thread(
    ear: Ear, heard: queue.SimpleQueue[Heard]
) -> None:
    before = set(threading.enumerate())
    listener = Listener(ear, heard.put)
    listener.begin()
    listener.hear(spoken("where is my order"))
    listener.close()
    assert finals(heard, 1)[0].text == "where is my order"
    assert set(threading.enumerate()) <= before


def test_hanging_up_drops_what_waits(ear: Ear, heard: queue.SimpleQueue[Heard]) -> None:
    listener = Listener(ear, heard.put)
    listener.begin()
    listener.hear(spoken("where is my order") * 3)
    listener.close(drop=True)
    assert not [result for result in drained(heard) if result.final]


def drained(heard: queue.SimpleQueue[Heard]) -> list[Heard]:
    return [heard.get() for _ in range(heard.qsize())]


def test_sound_is_dropped_when_half_a_minute_waits_already(
    ear: Ear, heard: queue.SimpleQueue[Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "_MOST_WAITING_BYTES", 10)
    busy, entered = threading.Event(), threading.Event()

    def hold(self: Listener, *_: object) -> None:
        entered.set()
        busy.wait(60)

    monkeypatch.setattr(Listener, "_hear", hold)
    listener = Listener(ear, heard.put)
    listener.begin()
    listener.hear(b"\0" * 4)
    assert entered.wait(60)
    for _ in range(10):
        listener.hear(b"\0" * 4)
    waiting = listener._orders.qsize()
    busy.set()
    listener.close(drop=True)
    assert waiting == 3


def test_two_calls_starting_together_build_one_model(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[object] = []

    class Counted(Ear):
        _shared = {}  # noqa: RUF012 - a fresh one for this test

        def __init__(self, *args: object, **kwargs: object) -> None:
            built.append(args)

    with ThreadPoolExecutor(2) as calls:
        ears = list(calls.map(lambda _: Counted.shared(LINES), range(2)))
    assert ears[0] is ears[1]
    assert len(built) == 1


def test_a_model_on_disk_is_not_built_again(
    ear: Ear, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(ear_model, "_build", fail)
    again = Ear(tuple(" ".join(words_of(line)) for line in LINES), cache_dir=models)
    assert again.transcribe(spoken("where is my order")) == "where is my order"


def test_a_decoder_serves_the_next_call(ear: Ear) -> None:
    decoder = ear.decoder()
    ear.give_back(decoder)
    assert ear.decoder() is decoder
    ear.give_back(decoder)


def test_the_high_band_is_filled_for_hiss_and_stays_empty_for_quiet() -> None:
    rng = np.random.default_rng(3)
    hiss = rng.normal(0, 1500, SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(hiss)
    hz = np.fft.rfftfreq(len(hiss), 1 / SAMPLE_RATE_HZ)
    spectrum[(hz > 3400) | (hz < 2500)] = 0
    narrow = np.fft.irfft(spectrum)

    def above_band(samples: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(samples)) ** 2
        edges = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
        return float(power[(edges > 4000) & (edges < 6500)].sum())

    made = defaultdict(float)
    for name, samples in (("hiss", narrow), ("quiet", narrow * 0)):
        band = HighBand()
        chunks = np.array_split(samples.astype(np.int16), 50)
        out = b"".join(band.extend(chunk.tobytes()) for chunk in chunks)
        assert len(samples) * 2 - len(out) <= 640
        made[name] = above_band(np.frombuffer(out, np.int16).astype(float))
    assert made["hiss"] > 100 * made["quiet"]
    assert made["hiss"] > 100 * above_band(narrow)
