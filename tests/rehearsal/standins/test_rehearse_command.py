"""`switchboard rehearse`: the cloud path on a machine without keys."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rehearsal.conversation import Patience
from rehearsal.standins import Prompt, StandIns
from rehearsal.standins.prompt import Message, Tool, ToolCall
from scripts.call import call
from scripts.rehearse import cloud_env, ears_of, understudy_of
from scripts.switchboard import cli
from server.bots import find_bots
from services.choice import choose
from settings import Settings

ORDER_TOOL = Tool(
    "find_order",
    "Look up an order.",
    {
        "type": "object",
        "properties": {"order_number": {"type": "string", "description": "Digits only."}},
        "required": ["order_number"],
    },
)


def test_command_says_how_it_wants_to_be_called() -> None:
    result = CliRunner().invoke(cli, ["rehearse"])
    assert result.exit_code == 2
    assert "switchboard rehearse --standins" in result.output


def test_unknown_latency_is_refused_with_those_there_are() -> None:
    result = CliRunner().invoke(cli, ["rehearse", "--standins", "--latency", "quick"])
    assert result.exit_code == 2
    assert "slow" in result.output


async def test_every_stage_has_a_cloud_provider_and_a_backup(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cloud_env(providers).items():
        monkeypatch.setenv(name, value)
    for rows in choose(Settings.load()).values():
        tiers = [row.provider.tier for row in rows]
        assert tiers[:2] == ["cloud", "cloud"]


def test_language_model_answers_as_the_understudy_of_the_bot_whose_tools_it_sees() -> None:
    mind = understudy_of(find_bots())
    asked = Message("user", "where is my order")
    question = mind(Prompt((asked,), (ORDER_TOOL,)))
    assert "order number" in question.text
    number = (
        asked,
        Message("assistant", question.text),
        Message("user", "four seven two nine one"),
    )
    [order] = mind(Prompt(number, (ORDER_TOOL,))).calls
    assert (order.name, json.loads(order.arguments)) == ("find_order", {"order_number": "47291"})


def test_language_model_words_a_tools_result() -> None:
    mind = understudy_of(find_bots())
    called = ToolCall("find_order", '{"order_number": "47291"}', "call_1")
    result = Message("tool", '{"say": "It is in the van."}', tool="find_order", call_id="call_1")
    history = (Message("user", "where is 47291"), Message("assistant", "", (called,)), result)
    assert "It is in the van." in mind(Prompt(history, (ORDER_TOOL,))).text


@pytest.mark.long
async def test_whole_call_is_held_by_stand_ins_of_cloud_providers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bots = find_bots()
    just_this = {"order_support": bots["order_support"]}
    async with StandIns(
        profile="fast", mind=understudy_of(bots), ears=ears_of(just_this)
    ) as providers:
        await providers.prepare()
        for name, value in cloud_env(providers).items():
            monkeypatch.setenv(name, value)
        await call(
            "order_support",
            say=["where is my order"],
            as_json=True,
            out=tmp_path,
            patience=Patience(timeout_s=30),
        )
        counts = providers.house.counts()
    report = json.loads(capsys.readouterr().out)
    assert report["problems"] == []
    assert "order number" in report["turns"][-1]["answer"]
    assert counts["deepgram"]["turn"] >= 1
    assert counts["openai"]["turn"] >= 1
    assert counts["cartesia"]["turn"] >= 1
