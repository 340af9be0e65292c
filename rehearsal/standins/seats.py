"""Which providers there are to stand in for: their wire protocols, addresses and variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Protocol = Literal[
    "deepgram-live",
    "deepgram-flux",
    "assemblyai",
    "openai-chat",
    "openai-transcription",
    "openai-speech",
    "anthropic",
    "cartesia",
    "elevenlabs",
    "twilio-rest",
    "daily-rest",
]


def _those(*protocols: Protocol) -> frozenset[Protocol]:
    return frozenset(protocols)


LISTEN_WS = _those("deepgram-live", "deepgram-flux", "assemblyai")
SPEAK_WS = _those("cartesia", "elevenlabs")
THINK = _those("openai-chat", "anthropic")
LISTEN = LISTEN_WS | _those("openai-transcription")
SPEAK = SPEAK_WS | _those("openai-speech")
WEBSOCKETS = LISTEN_WS | SPEAK_WS
STREAMS = WEBSOCKETS | THINK | _those("openai-speech")
TALK = LISTEN | THINK | SPEAK
REST = _those("twilio-rest", "daily-rest")
ALL = TALK | REST


@dataclass(frozen=True)
class Provider:
    """A provider with an address of its own.

    Attributes:
        name: The prefix of its variables, as in `OPENAI_BASE_URL`.
        seats: What speaks there, and which protocol it speaks. Faults, latencies, scripts and
            counts are a seat's own.
        prefix: What goes before the protocols' paths.
        more: Further variables that the provider cannot do without.
    """

    name: str
    seats: Mapping[str, Protocol]
    prefix: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    def copy(self, name: str) -> "Provider":
        """The same under another name, with seats of its own."""
        seats: dict[str, Protocol] = {
            name + seat.removeprefix(self.name): speaks for seat, speaks in self.seats.items()
        }
        return Provider(name, seats, self.prefix, self.more)

    def env(self, url: str, key: str) -> dict[str, str]:
        """The variables that lead to the stand-in at `url`."""
        name = self.name.upper().replace("-", "_")
        more = {f"{name}_{field}": value for field, value in self.more.items()}
        return {f"{name}_API_KEY": key, f"{name}_BASE_URL": url, **more}


def _like_openai(name: str, prefix: str = "/v1", *, model: str = "") -> Provider:
    return Provider(name, {name: "openai-chat"}, prefix, {"MODEL": model} if model else {})


CLOUD = (
    Provider("deepgram", {"deepgram": "deepgram-live", "deepgram-flux": "deepgram-flux"}),
    Provider("assemblyai", {"assemblyai": "assemblyai"}),
    Provider(
        "openai",
        {
            "openai": "openai-chat",
            "openai-transcription": "openai-transcription",
            "openai-speech": "openai-speech",
        },
        "/v1",
    ),
    Provider("anthropic", {"anthropic": "anthropic"}),
    Provider("cartesia", {"cartesia": "cartesia"}),
    Provider("elevenlabs", {"elevenlabs": "elevenlabs"}),
)

# Second providers of the same protocol, each with faults of its own.
MORE = (
    _like_openai("groq", "/openai/v1"),
    _like_openai("together"),
    _like_openai("fireworks", "/inference/v1"),
    _like_openai("xai"),
    _like_openai("ollama", model="stand-in"),
    _like_openai("vllm", model="stand-in"),
    _like_openai("llama-cpp", model="stand-in"),
    _like_openai("openai-compatible", model="stand-in"),
    Provider("whisper", {"whisper": "openai-transcription"}, "/v1"),
)

PROVIDERS: Mapping[str, Provider] = {provider.name: provider for provider in CLOUD + MORE}

# The transports' APIs, which have variables of their own.
TRANSPORTS: Mapping[str, Provider] = {
    "twilio": Provider("twilio", {"twilio": "twilio-rest"}),
    "daily": Provider("daily", {"daily": "daily-rest"}),
}
