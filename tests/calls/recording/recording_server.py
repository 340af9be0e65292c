"""The real server, but that a bot of it records its calls."""

import dataclasses

import bots.order_support as order_support
from calls.recording.consent import Consent
from server.serve import serve
from settings import Settings

order_support.bot = dataclasses.replace(
    order_support.bot,
    records_audio=Consent("This call is recorded. If you do not want that, just say no."),
)
serve(Settings.load())
