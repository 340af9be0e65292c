"""The `switchboard` command."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from loguru import logger
from rich.console import Console

from scripts.calls import calls
from settings import Settings, SettingsError

cli = typer.Typer(
    help="Voice agents on the phone and on the web.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(calls, name="calls")


@cli.command()
def serve() -> None:
    """Serve the page, the phone routes and the bots (settings come from .env)."""
    from server.serve import serve as serve_until_told

    try:
        serve_until_told(Settings.load())
    except SettingsError as error:
        typer.echo(f"Switchboard does not start. {error}", err=True)
        raise typer.Exit(2) from None


@cli.command()
def doctor(
    connect: Annotated[
        bool, typer.Option("--connect", help="Open a session with every provider and time it")
    ] = False,
) -> None:
    """Show what would be used per stage and channel, why, and what is missing."""
    from scripts.doctor import doctor as examine

    raise typer.Exit(examine(Console(), connect=connect))


@cli.command()
def call(
    bot: Annotated[str, typer.Argument(help="The bot's file in bots/, without .py")],
    say: Annotated[
        list[str] | None, typer.Option(help="Say this line instead of the bot's own (repeatable)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the recording, the record and the data")
    ] = None,
    voice: Annotated[str, typer.Option(help="The caller's voice")] = "",
) -> None:
    """Phone a bot with a synthetic caller, over the real Twilio protocol."""
    from scripts.call import call as phone

    raise typer.Exit(asyncio.run(phone(bot, say=say or [], as_json=as_json, out=out, voice=voice)))


@cli.command()
def rehearse(
    standins: Annotated[
        bool, typer.Option("--standins", help="With stand-ins for all providers, on this machine")
    ] = False,
    call: Annotated[str, typer.Option(help="Phone this bot once over the stand-ins")] = "",
    latency: Annotated[
        Literal["none", "fast", "slow"], typer.Option(help="How long the stand-ins take")
    ] = "fast",
    seed: Annotated[int, typer.Option(help="Decides every draw of latencies and faults")] = 0,
    port: Annotated[int, typer.Option(help="The server's port")] = 7860,
    control_port: Annotated[int, typer.Option(help="The control endpoint's; 0: any")] = 0,
) -> None:
    """Serve on the cloud path without keys: server and stand-in providers together."""
    from scripts.rehearse import rehearse as run

    if not standins:
        typer.echo("Say how: switchboard rehearse --standins", err=True)
        raise typer.Exit(2)
    code = asyncio.run(
        run(
            Console(),
            bot=call,
            profile=latency,
            seed=seed,
            port=port,
            control_port=control_port,
        )
    )
    raise typer.Exit(code)


@cli.command()
def forget(
    caller: Annotated[str, typer.Option(help="A caller's number, as in +14155550123")] = "",
    call: Annotated[str, typer.Option(help="A call's id")] = "",
) -> None:
    """Erase all there is of a caller, or of one call, and count what is left."""
    from scripts.forget import forget as erase

    if bool(caller) == bool(call):
        typer.echo("Say whom or what: switchboard forget --caller NUMBER, or --call ID", err=True)
        raise typer.Exit(2)
    try:
        settings = Settings.load()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(erase(Console(), settings, caller=caller, call_id=call))


def main() -> None:
    # Until a command sets up its own log: no greetings of libraries between a command's lines.
    logger.remove()
    logger.add(sys.stderr, level="WARNING", format="{message}")
    cli()


if __name__ == "__main__":
    main()
