"""Models that Pipecat's services load when they are built: once for all calls, not once a call."""

from functools import cache
from importlib import import_module


def load_once(loader: str) -> None:
    """Have a loader in one of Pipecat's modules give the same model for the same arguments.

    Loading takes seconds, in which no other call on the event loop is served, and the memory of
    the model. What is shared this way may be used from several threads at once.

    Parameters:
        loader: Below `pipecat.services`, as in `whisper.stt:WhisperModel`.
    """
    module, _, path = loader.partition(":")
    owner = import_module(f"pipecat.services.{module}")
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    if not hasattr(getattr(owner, name), "cache_info"):
        setattr(owner, name, cache(getattr(owner, name)))
