"""The embedded recogniser: pocketsphinx with a language model made for one bot. No Pipecat here."""

from __future__ import annotations

import logging
import queue
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import pocketsphinx

from services.embedded.ear_model import content_key, model_files
from services.embedded.high_band import SAMPLE_RATE_HZ, HighBand
from services.embedded.language_model import Mixture
from services.embedded.phone_talk import words_of

log = logging.getLogger(__name__)

BYTES_PER_SECOND = SAMPLE_RATE_HZ * 2

# The recogniser holds Python's lock while it decodes; small bites keep the event loop live.
BITE_BYTES = BYTES_PER_SECOND // 50
_MOST_IDLE_DECODERS = 8
# Weight of the language model against the sound, and the price of a word.
_WEIGHTS = {"lw": 7.0, "wip": 0.3}
# Wider than the defaults: a model this small can afford it, and digits need it.
_BEAMS = {"beam": 1e-60, "wbeam": 1e-40, "pbeam": 1e-60}
# Where the cepstral mean starts, measured over synthetic voices; it adapts during a call.
_FIRST_MEAN = {False: "40,0,8,15,-1,-3,1,2", True: "39,6,-3,22,-4,-3,4,-2"}


class Ear:
    """What all calls of one bot share: its language model, its dictionary and idle decoders."""

    _shared: dict[str, Ear] = {}  # noqa: RUF012 - one per process on purpose
    _building = threading.Lock()

    @classmethod
    def shared(
        cls,
        sample_lines: Sequence[str] = (),
        keyterms: Sequence[str] = (),
        *,
        telephone: bool = False,
        cache_dir: Path | None = None,
    ) -> Ear:
        """The ear for these lines, built by the first who asks; blocks for about a second then.

        Args:
            sample_lines: What callers of this bot say.
            keyterms: Words and names that matter to it.
            telephone: Whether the sound was cut off at 3.4 kHz on its way.
            cache_dir: Where built models are kept between processes; None keeps none.

        Raises:
            RuntimeError: pocketsphinx cannot load its model.
        """
        lines = tuple(" ".join(words_of(line)) for line in (*sample_lines, *keyterms))
        key = content_key(lines, telephone=telephone)
        with cls._building:
            if key not in cls._shared:
                cls._shared[key] = cls(lines, telephone=telephone, cache_dir=cache_dir)
            return cls._shared[key]

    def __init__(
        self,
        lines: Sequence[str],
        *,
        telephone: bool = False,
        cache_dir: Path | None = None,
        mixture: Mixture | None = None,
    ) -> None:
        self._telephone = telephone
        self._idle: queue.LifoQueue[pocketsphinx.Decoder] = queue.LifoQueue(_MOST_IDLE_DECODERS)
        mixture = mixture or Mixture()
        with tempfile.TemporaryDirectory(prefix="switchboard-ear-") as scratch:
            model = model_files(lines, mixture, cache_dir or Path(scratch))
            self._dictionary_text = model.dictionary.read_text()
            self._model = pocketsphinx.NGramModel(
                pocketsphinx.Config(**_WEIGHTS), pocketsphinx.LogMath(), str(model.arpa)
            )
        self.give_back(self.decoder())

    @property
    def telephone(self) -> bool:
        return self._telephone

    def decoder(self) -> pocketsphinx.Decoder:
        """An idle decoder or a new one, which takes about 0.1 s to make."""
        try:
            decoder = self._idle.get_nowait()
        except queue.Empty:
            decoder = self._new_decoder()
        decoder.set_cmn(_FIRST_MEAN[self._telephone])
        return decoder

    def give_back(self, decoder: pocketsphinx.Decoder) -> None:
        """Keeps a decoder that is between utterances for the next call."""
        try:
            self._idle.put_nowait(decoder)
        except queue.Full:
            log.debug("enough idle decoders; one is let go")

    def transcribe(self, audio: bytes) -> str:
        """The words in one utterance of 16-bit mono samples at 16 kHz, decoded here and now."""
        decoder = self.decoder()
        utterance = Utterance(decoder, telephone=self._telephone)
        for start in range(0, len(audio), BITE_BYTES):
            utterance.hear(audio[start : start + BITE_BYTES])
        text = utterance.finish()
        self.give_back(decoder)
        return text

    def _new_decoder(self) -> pocketsphinx.Decoder:
        with tempfile.TemporaryDirectory(prefix="switchboard-ear-") as scratch:
            dictionary = Path(scratch) / "words.dict"
            dictionary.write_text(self._dictionary_text)
            decoder = pocketsphinx.Decoder(
                hmm=pocketsphinx.get_model_path("en-us/en-us"),
                dict=str(dictionary),
                lm=None,
                bestpath=True,
                fwdflat=False,
                loglevel="FATAL",
                **_WEIGHTS,
                **_BEAMS,
            )
        decoder.add_lm("call", self._model)
        decoder.activate_search("call")
        return decoder


class Utterance:
    """One stretch of speech in a decoder, from its first sample to its words.

    Args:
        decoder: One between utterances.
        telephone: Whether the sound was cut off at 3.4 kHz on its way.
    """

    def __init__(self, decoder: pocketsphinx.Decoder, *, telephone: bool) -> None:
        self._decoder = decoder
        self._high_band = HighBand() if telephone else None
        decoder.start_utt()

    def hear(self, audio: bytes) -> None:
        """Takes 16-bit mono samples at 16 kHz, best no more than `BITE_BYTES`."""
        if self._high_band is not None:
            audio = self._high_band.extend(audio)
        if audio:
            self._decoder.process_raw(audio)

    def words(self) -> str:
        """What was understood so far."""
        hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""

    def finish(self) -> str:
        """Ends the utterance and returns its words."""
        self._decoder.end_utt()
        return self.words()
