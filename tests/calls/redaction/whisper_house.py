"""Callers who give their secrets away, and everything around the server that they call."""

import json
import random
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from collector import Collector
from on_record import turns_on_record, until_on_record
from quoting import QuotingRecogniser, quoting_voice
from receiving import SECRET, Receiving
from secrets_said import ASKED, Secret

from rehearsal.audible import audible_spans
from rehearsal.caller import speak
from rehearsal.mulaw import SAMPLE_RATE_HZ, Pcm
from rehearsal.phone import TwilioPhone
from rehearsal.server_process import ServerProcess
from rehearsal.standins import StandIns
from rehearsal.standins.prompt import BadRequest, Prompt, Reply, ToolCall
from rehearsal.turns.deepgram import deepgram
from rehearsal.turns.knowing_ear import Callers
from rehearsal.turns.mouth import KnownMouth
from rehearsal.turns.sounds import Phrase, Utterance

RUN = [sys.executable, str(Path(__file__).parent / "notes_desk.py")]
REFUSAL = "Invalid prompt:"
_SOUND = "i should like to tell you something about me"


@dataclass(frozen=True)
class Whisper:
    """One caller.

    Attributes:
        number: The caller's own, which is a secret as well.
        secrets: What the caller gives, one after the other.
        typed: Whether figures are typed on the keypad.
    """

    number: str
    secrets: Sequence[Secret]
    typed: bool = False


def mind() -> Callable[[Prompt], Reply]:
    """Says again what it was told, hands it to tools, and sums it up.

    Whoever is asked first what to say to a caller's second turn refuses, and quotes it.
    """
    refused = set[str]()

    def think(prompt: Prompt) -> Reply:
        said = [message.text for message in prompt.messages if message.role == "user"]
        if not prompt.tools:
            return Reply(f"The caller said: {' '.join(said)}")
        if prompt.tool_result:
            return Reply(f"I noted: {said[-1]}. Go on.")
        if len(said) == 2 and said[-1] not in refused:
            refused.add(said[-1])
            raise BadRequest(f"{REFUSAL} {json.dumps({'role': 'user', 'content': said[-1]})}")
        rng = random.Random(said[-1])
        value = json.dumps({"value": said[-1]})
        return rng.choice(
            [
                Reply("Go on."),
                Reply(f"So it is {said[-1]}, right?"),
                Reply(calls=(ToolCall("note", value),)),
                Reply(calls=(ToolCall("refuse", value),)),
                Reply(rng.choice([*ASKED.values()])),
            ]
        )

    return think


class House:
    """Providers, a telephone network, a collector of traces and a receiver of webhooks.

    Attributes:
        data: The data folder of the servers that run in it.
        env: What leads them here.
    """

    def __init__(self, folder: Path, callers: Sequence[Whisper], *, keeps: str) -> None:
        self.data = folder / "data"
        self.collector, self.receiver = Collector(), Receiving()
        self.env: dict[str, str] = {
            "DATA_DIR": str(self.data),
            "KEEPS": keeps,
            "LOG_LEVEL": "DEBUG",
            # A busy machine makes providers late: whoever is asked next would mishear the caller.
            "STT": "deepgram",
            "LLM": "openai,anthropic",
            "TTS": "cartesia,openai",
            "EMBEDDED_BACKUP": "false",
            "STT_DEADLINE_MS": "20000",
            "LLM_DEADLINE_MS": "20000",
            "OTEL_CONTENT": "true",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "CALL_WEBHOOK_SECRET": SECRET,
            "MAX_CALLS": str(len(callers)),
        }
        self._providers = StandIns(mind=mind())
        self._heard = Callers()
        turns = [
            [turn.split() for secret in one.secrets for turn in secret.turns] for one in callers
        ]
        self._words = frozenset(word for each in turns for turn in each for word in turn)
        self._last = frozenset(" ".join(each[-1]) for each in turns)
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        enter, providers = self._exit.enter_async_context, self._providers
        for one in (providers, self.collector, self.receiver):
            await enter(one)
        self.env |= {
            **providers.env("deepgram", "openai", "anthropic", "cartesia", "twilio"),
            "DEEPGRAM_BASE_URL": await enter(
                deepgram(
                    providers.house,
                    self._heard,
                    lambda request: QuotingRecogniser(request, over=self._last),
                )
            ),
            "CARTESIA_BASE_URL": await enter(quoting_voice(providers.house, self._words)),
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url,
            "CALL_WEBHOOK_URL": self.receiver.url,
        }
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    def server(self, log: Path) -> ServerProcess:
        return ServerProcess(RUN, env=self.env, log=log)

    @asynccontextmanager
    async def call(self, one: Whisper, at: int, url: str) -> AsyncIterator["Caller"]:
        """A caller who is through to the bot at `url`."""
        twilio = self._providers.twilio
        phone = TwilioPhone(
            auth_token=twilio.auth_token, account_sid=twilio.account_sid, number=one.number
        )
        phone.mouth = mouth = KnownMouth(seed=at)
        sound = await speak(_SOUND, f"espeak:en-us+f3@{220 + 9 * at}")
        spans = audible_spans(sound)
        start, end = (int(at_s * SAMPLE_RATE_HZ) for at_s in (spans[0].start_s, spans[-1].end_s))
        twilio.add_call(phone.call_sid)
        self._heard.add(mouth)
        async with phone:
            await phone.dial(f"{url}/twilio/voice?bot=notes_desk")
            await _hear_out(phone, 0.0)
            yield Caller(phone, mouth, sound[start:end], data=self.data, typed=one.typed)
        self._heard.remove(mouth)
        twilio.end_call(phone.call_sid)


class Caller:
    """Somebody on the phone.

    Parameters:
        sound: What every turn sounds like; the recogniser is told its words.
        data: Where the server writes down what it hears.
        typed: Whether figures are typed on the keypad.
    """

    def __init__(
        self, phone: TwilioPhone, mouth: KnownMouth, sound: Pcm, *, data: Path, typed: bool
    ) -> None:
        self.call_id = phone.call_sid
        self._phone = phone
        self._mouth = mouth
        self._sound = sound
        self._data = data
        self._typed = typed

    async def give(self, secret: Secret) -> None:
        """All turns of it, each once the one before is on the record."""
        for turn in secret.turns:
            before = turns_on_record(self._data, self.call_id)
            if self._typed and not any(character.isalpha() for character in turn):
                await self._phone.press("".join(filter(str.isdecimal, turn)) + "#")
                spoken_s = self._phone.now_s
            else:
                words = turn.split()
                ends = [len(self._sound) * (n + 1) // len(words) for n in range(len(words))]
                phrase = Phrase(0, len(self._sound), tuple(zip(words, ends, strict=True)))
                spoken_s = (await self._mouth.utter(Utterance(self._sound, (phrase,)))).end_s
            await _hear_out(self._phone, spoken_s)
            await until_on_record(self._data, self.call_id, before + 1)


async def _hear_out(phone: TwilioPhone, after_s: float) -> None:
    """Whoever speaks for long is cut short: the rest is generated, and not heard."""
    with suppress(TimeoutError):
        await phone.wait_for_answer(after_s=after_s, quiet_ms=300, longest_s=2)
