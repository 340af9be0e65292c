"""`switchboard doctor`: what would be used, why, and what is missing."""

import asyncio

from loguru import logger
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.choice import PROVIDERS, Choices, choose, provider_names
from services.provider import STAGE_NAMES, Provider
from services.session import try_out
from services.suitability import absent, own_settings, unsupported_language
from settings import Settings, SettingsError, setting_names, unknown_names


def doctor(console: Console, *, connect: bool = False) -> int:
    """Print the state of every stage and channel.

    Parameters:
        console: Where it is printed.
        connect: Whether to open a session with every provider that would be used or is a backup.

    Returns:
        The exit code: 0 when the server would start and every session worked.
    """
    for sentence in unknown_names(setting_names(provider_names())):
        console.print(f"[yellow]{escape(sentence)}[/yellow]")
    try:
        settings = Settings.load()
        choices = choose(settings)
    except SettingsError as error:
        console.print(f"[red]The server would not start.[/red] {escape(str(error))}")
        return 1
    console.print(_stages(choices, settings))
    console.print(_channels(settings))
    return asyncio.run(_connect(console, choices)) if connect else 0


async def _connect(console: Console, choices: Choices) -> int:
    table = Table(title="Sessions", title_justify="left")
    for heading in ("stage", "provider", "session"):
        table.add_column(heading, overflow="fold")
    all_work = True
    # What Pipecat says of a session that fails is in the table, and in fewer words.
    logger.disable("pipecat")
    try:
        for stage, rows in choices.items():
            for place, choice in enumerate(rows):
                with console.status(f"Opening a session with {choice.provider.title}"):
                    outcome = await try_out(choice)
                all_work = all_work and outcome.works
                colour = "green" if outcome.works else "red"
                table.add_row(
                    STAGE_NAMES[stage] if place == 0 else "",
                    choice.provider.title,
                    f"[{colour}]{escape(outcome.sentence)}[/{colour}]",
                )
            table.add_section()
    finally:
        logger.enable("pipecat")
    console.print(table)
    return 0 if all_work else 1


def _stages(choices: Choices, settings: Settings) -> Table:
    table = Table(title="Providers", title_justify="left")
    for heading in ("stage", "provider", "state", "why"):
        table.add_column(heading, overflow="fold")
    for stage, rows in PROVIDERS.items():
        chosen = {choice.provider.name: choice for choice in choices[stage]}
        order = [*chosen, *(p.name for p in rows if p.name not in chosen)]
        for place, name in enumerate(order):
            provider = next(p for p in rows if p.name == name)
            if choice := chosen.get(name):
                state = "[green]used[/green]" if place == 0 else "backup"
                why = choice.why + (", a stand-in" if provider.stand_in else "")
            else:
                state, why = "[dim]not used[/dim]", _missing(provider, settings)
            table.add_row(
                STAGE_NAMES[stage] if place == 0 else "", provider.title, state, escape(why)
            )
        table.add_section()
    return table


def _missing(provider: Provider, settings: Settings) -> str:
    own = own_settings(provider, settings)
    return (
        absent(provider, own)
        or unsupported_language(provider, own, settings)
        or f"not named in {provider.stage.upper()}"
    )


def _channels(settings: Settings) -> Table:
    table = Table(title="Channels", title_justify="left")
    for heading in ("channel", "state", "why"):
        table.add_column(heading, overflow="fold")
    address = f"http://{settings.host}:{settings.port}"
    table.add_row("browser, SmallWebRTC", "[green]on[/green]", f"needs no account: {address}")
    if settings.daily_key:
        table.add_row("browser, Daily", "[green]on[/green]", "DAILY_API_KEY is set")
    else:
        table.add_row("browser, Daily", "[dim]off[/dim]", "set DAILY_API_KEY in .env")
    table.add_row("phone, Twilio", *_phone(settings))
    table.add_row("hand over to a person by phone", *_handoff(settings))
    return table


def _phone(settings: Settings) -> tuple[str, str]:
    if not settings.twilio_token:
        return "[dim]off[/dim]", "set TWILIO_AUTH_TOKEN and PUBLIC_URL in .env"
    if not settings.public_url:
        return "[yellow]on[/yellow]", (
            "PUBLIC_URL is not set: signatures are checked against the address that the proxy names"
        )
    webhook = f"{settings.public_url}/twilio/voice?bot=NAME"
    return "[green]on[/green]", f"point the number's voice webhook at {webhook}"


def _handoff(settings: Settings) -> tuple[str, str]:
    missing = [
        name
        for name, value in (
            ("HANDOFF_NUMBER", settings.handoff_number),
            ("TWILIO_ACCOUNT_SID", settings.twilio_account_sid),
            ("TWILIO_AUTH_TOKEN", settings.twilio_token),
        )
        if not value
    ]
    if missing:
        return "[dim]off[/dim]", f"set {', '.join(missing)}; until then callers get a queue number"
    return "[green]on[/green]", f"calls are redirected to {settings.handoff_number}"
