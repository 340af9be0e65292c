"""Whatever a client sends over a WebSocket, a stand-in answers it or hangs up."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.standins.assemblyai import AssemblyAIProtocol
from rehearsal.standins.cartesia import CartesiaProtocol
from rehearsal.standins.deepgram_flux import DeepgramFluxProtocol
from rehearsal.standins.deepgram_live import DeepgramLiveProtocol
from rehearsal.standins.elevenlabs import ElevenLabsProtocol
from rehearsal.standins.hearing_orders import BadQuery
from rehearsal.standins.speaking_orders import Cancel, Finish, Flush, Refuse, Text

_NAMES = (
    "type context_id transcript voice output_format model_id continue cancel flush text "
    "close_context close_socket voice_settings max_buffer_delay_ms thresholds keyterms"
).split()
_KINDS = ("Configure", "CloseStream", "ForceEndTurn", "KeepAlive", "Finalize", "Terminate")
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(_KINDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
MESSAGES = st.text(max_size=20) | st.builds(
    json.dumps, st.dictionaries(st.sampled_from(_NAMES), _VALUES) | _VALUES
)
LISTENING: list[Callable[[], Any]] = [
    lambda: DeepgramLiveProtocol({}),
    lambda: DeepgramFluxProtocol({"model": ["flux-general-en"]}),
    lambda: AssemblyAIProtocol({"speech_model": ["universal-3-6-pro"]}),
]


@pytest.mark.parametrize("protocol", LISTENING)
@given(message=MESSAGES)
def test_listener_takes_any_message(protocol: Callable[[], Any], message: str) -> None:
    assert isinstance(protocol().receive(message, at_s=0.0), list)


@given(messages=st.lists(MESSAGES, max_size=4))
def test_speaker_of_cartesia_takes_any_message(messages: list[str]) -> None:
    protocol = CartesiaProtocol()
    for message in messages:
        assert isinstance(protocol.receive(message), list)


@given(messages=st.lists(MESSAGES, max_size=4))
def test_speaker_of_elevenlabs_takes_any_message(messages: list[str]) -> None:
    protocol = ElevenLabsProtocol({})
    for message in messages:
        assert isinstance(protocol.receive(message), list)


def cartesia(**changed: Any) -> str:
    message = {
        "model_id": "sonic",
        "transcript": "Hello.",
        "voice": {"mode": "id", "id": "v"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 8000},
        "context_id": "a",
        "continue": True,
    }
    return json.dumps(message | changed)


def test_sentences_of_a_context_are_continued_until_the_last() -> None:
    protocol = CartesiaProtocol()
    assert protocol.receive(cartesia()) == [Text("a", "Hello.", 3000)]
    assert protocol.receive(cartesia(transcript="", **{"continue": False})) == [Finish("a")]


def test_text_that_may_not_wait_is_flushed() -> None:
    orders = CartesiaProtocol().receive(cartesia(max_buffer_delay_ms=0))
    assert orders == [Text("a", "Hello.", 0), Flush("a")]


def test_context_is_cancelled() -> None:
    assert CartesiaProtocol().receive('{"context_id": "a", "cancel": true}') == [Cancel("a")]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"voice": None}, "voice is required"),
        ({"voice": "v"}, "voice is not valid"),
        ({"output_format": {"container": "wav"}}, "output_format is raw and one of"),
        ({"model_id": "other"}, "model_id must stay the same within a context"),
    ],
)
def test_wrong_request_is_refused_with_a_sentence(changed: dict[str, Any], sentence: str) -> None:
    protocol = CartesiaProtocol()
    protocol.receive(cartesia())
    [refusal] = protocol.receive(cartesia(**changed))
    assert isinstance(refusal, Refuse)
    assert sentence in json.loads(refusal.message)["message"]


@pytest.mark.parametrize(
    ("protocol", "query"),
    [
        (DeepgramLiveProtocol, {"encoding": ["opus"]}),
        (DeepgramLiveProtocol, {"sample_rate": ["fast"]}),
        (DeepgramLiveProtocol, {"utterance_end_ms": ["1000"]}),
        (DeepgramFluxProtocol, {"model": ["nova-3"]}),
        (DeepgramFluxProtocol, {"model": ["flux-general-en"], "eot_threshold": ["2"]}),
        (AssemblyAIProtocol, {}),
        (AssemblyAIProtocol, {"speech_model": ["u"], "encoding": ["opus"]}),
        (ElevenLabsProtocol, {"output_format": "mp3_44100"}),
    ],
)
def test_query_that_the_provider_would_refuse_is_refused(
    protocol: Callable[[Any], Any], query: dict[str, Any]
) -> None:
    with pytest.raises(BadQuery):
        protocol(query)
