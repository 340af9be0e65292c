"""TwiML as Twilio would read it: the few verbs a voice bot's webhook answers with."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree import ElementTree

_MAX_BYTES = 64 * 1024  # Twilio's limit for a TwiML document
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Connect:
    """Open a bidirectional stream; later verbs wait until it has ended."""

    url: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dial:
    """Connect the caller with another number."""

    number: str


@dataclass(frozen=True)
class Hangup:
    pass


@dataclass(frozen=True)
class Reject:
    """Do not answer; `reason` is what the caller's telephone is told."""

    reason: str


@dataclass(frozen=True)
class Pause:
    length_s: float


Verb = Say | Connect | Dial | Hangup | Reject | Pause


class TwimlError(ValueError):
    """Twilio would refuse this document; the message says why."""


def parse_twiml(text: str) -> list[Verb]:
    """The verbs of a TwiML document in order. Raises TwimlError."""
    if len(text.encode()) > _MAX_BYTES:
        raise TwimlError("the TwiML is longer than 64 KB")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise TwimlError(f"the TwiML is not XML: {error}") from None
    if root.tag != "Response":
        raise TwimlError(f"the TwiML's root is <{root.tag}>, not <Response>")
    return [_verb(element) for element in root]


def _verb(element: ElementTree.Element) -> Verb:
    match element.tag:
        case "Say":
            return Say("".join(element.itertext()).strip())
        case "Connect":
            return _connect(element)
        case "Dial":
            number = "".join(element.itertext()).strip()
            if not number:
                raise TwimlError("<Dial> has no number")
            return Dial(number)
        case "Hangup":
            return Hangup()
        case "Reject":
            return Reject(element.get("reason", "rejected"))
        case "Pause":
            return Pause(float(element.get("length", "1")))
        case other:
            raise TwimlError(f"<{other}> is not a verb this telephone network knows")


def _connect(element: ElementTree.Element) -> Connect:
    stream = element.find("Stream")
    if stream is None:
        raise TwimlError("<Connect> holds no <Stream>")
    url = stream.get("url", "")
    parts = urlsplit(url)
    if parts.query:
        raise TwimlError(f"<Stream url> must not have a query string: {url}")
    if parts.scheme != "wss" and not (parts.scheme == "ws" and parts.hostname in _LOOPBACK):
        raise TwimlError(f"<Stream url> must be wss:// (ws:// only on loopback): {url!r}")
    parameters = {}
    for parameter in stream.findall("Parameter"):
        name, value = parameter.get("name", ""), parameter.get("value", "")
        if not name or len(name) + len(value) > 500:
            raise TwimlError("a <Parameter> needs a name, and name and value under 500 characters")
        parameters[name] = value
    return Connect(url, parameters)
