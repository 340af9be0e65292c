"""An operator at the pages: finds a call, sees what failed, hears it, ends one, reads figures."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from operator_server import OperatorServer, operator_server, record
from playwright.async_api import Browser, BrowserContext, Page, expect
from watched_page import watched_page

from calls.on_air import ON_AIR
from tests.server.operator.kept_calls import KeptCall, failed_call, good_call
from tests.server.operator.operator_house import TOKEN

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


def now() -> datetime:
    return datetime.now(UTC)


@pytest_asyncio.fixture(loop_scope="module")
async def server(tmp_path: Path) -> AsyncIterator[OperatorServer]:
    async with operator_server(tmp_path / "data") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(10_000)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    async with watched_page(context) as page:
        yield page


async def test_operator_finds_a_call_by_its_filters_and_its_words(
    server: OperatorServer, page: Page
) -> None:
    day = timedelta(days=1)
    await server.keep(
        good_call("old", began=now() - 3 * day),
        failed_call("bad", began=now() - day),
        good_call("web", began=now() - 2 * day, channel="web"),
    )
    await page.goto(f"{server.url}/calls")
    rows = page.locator("#rows tr")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("Failed")
    await expect(rows.first).to_contain_text("6.20 s of silence")
    await page.get_by_label("Channel").select_option("web")
    await expect(rows).to_have_count(1)
    assert page.url.endswith("/calls?channel=web")
    await page.get_by_role("button", name="Show all calls").click()
    await expect(rows).to_have_count(3)
    await page.get_by_label("Words that were said").fill("lamp")
    await expect(rows).to_have_count(1)
    # The address is the filter, and may be sent to somebody.
    await page.reload()
    await expect(rows).to_have_count(1)
    assert "q=lamp" in str(await page.locator("#csv").get_attribute("href"))
    await rows.first.click()
    await expect(page.locator("#verdict")).to_contain_text("nobody was left to ask")


async def test_older_calls_come_page_by_page_and_new_ones_by_themselves(
    server: OperatorServer, page: Page
) -> None:
    began = now() - timedelta(hours=2)
    await server.keep(
        *(good_call(f"CA{n:03}", began=began + timedelta(seconds=n)) for n in range(60))
    )
    await page.goto(f"{server.url}/calls")
    rows = page.locator("#rows tr")
    await expect(rows).to_have_count(50)
    await page.get_by_role("button", name="Older calls").click()
    await expect(rows).to_have_count(60)
    await expect(page.get_by_role("button", name="Older calls")).to_be_hidden()
    await server.keep(KeptCall("new", began=now()))
    await expect(rows).to_have_count(61)
    await expect(rows.first).to_contain_text("Running")


async def test_page_of_a_failed_call_says_first_what_failed(
    server: OperatorServer, page: Page
) -> None:
    await server.keep(failed_call())
    await page.goto(f"{server.url}/calls/failed")
    verdict = page.locator("#verdict")
    await expect(verdict).to_contain_text("anthropic refused")
    await expect(verdict).to_contain_text("heard nothing for 6.2 s")
    box = await verdict.bounding_box()
    assert box
    assert box["y"] + box["height"] < 400
    await expect(page.locator(".tl-silence")).to_have_count(1)
    await expect(page.locator(".view .tl-mark[data-kind=switch]")).to_have_count(2)
    await expect(page.locator("#facts")).to_contain_text("openai → anthropic")


async def test_timeline_names_what_failed_and_no_words_lie_over_others(
    server: OperatorServer, page: Page
) -> None:
    call = failed_call("failed").note(
        26.5, "tool", name="find_order", duration_ms=5.0, error="away"
    )
    await server.keep(call)
    for width in (1400, 390):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(f"{server.url}/calls/failed")
        labels = page.locator(".tl-label")
        await expect(labels.filter(has_text="openai silent")).to_have_count(1)
        await expect(labels.filter(has_text="anthropic refused")).to_have_count(1)
        await expect(labels.filter(has_text="6.20 s silence")).to_have_count(1)
        boxes = await labels.evaluate_all(
            "(nodes) => nodes.map((node) => node.getBoundingClientRect().toJSON())"
        )
        for one, box in enumerate(boxes):
            for other in boxes[:one]:
                apart_x = box["left"] >= other["right"] or other["left"] >= box["right"]
                apart_y = box["top"] >= other["bottom"] - 2 or other["top"] >= box["bottom"] - 2
                assert apart_x or apart_y, (box, other)


async def test_timeline_lanes_and_words_share_one_axis(server: OperatorServer, page: Page) -> None:
    await server.keep(good_call())
    await page.goto(f"{server.url}/calls/good")
    await expect(page.locator(".tl-speech")).to_have_count(6)
    scale = "(node) => Number(node.getAttribute('x'))"
    tool = await page.locator(".tl-tool").evaluate(scale)
    caller = await page.locator("[data-lane=caller] .tl-speech").last.evaluate(scale)
    # The tool ran from 6.66 s on; the caller's second words ended at 11.97 s.
    width = await page.locator("[data-lane=caller] .tl-speech").last.evaluate(
        "(node) => Number(node.getAttribute('width'))"
    )
    assert (caller + width) / tool == pytest.approx(11.97 / 6.66, rel=0.02)
    await page.locator(".turn summary").first.click()
    await expect(page.locator(".turn").first.locator(".wf-total")).to_contain_text("812 ms")
    facts = page.locator("#facts")
    await expect(facts).to_contain_text("openai gpt-4.1, 1,034 tokens in, $0.0093")
    await page.locator(".event summary").click()
    await expect(page.locator(".event pre")).to_contain_text("Wednesday afternoon")


async def test_press_of_a_word_plays_the_recording_from_there(
    server: OperatorServer, page: Page
) -> None:
    call = good_call("heard")
    await server.keep(call.note(15.3, "recording", path="recordings/heard/call.wav"))
    record(server.data_dir, "heard", 15.2)
    await page.goto(f"{server.url}/calls/heard")
    await expect(page.locator(".tl-wave")).to_have_count(2)
    await page.locator(".word", has_text="Wednesday").click()
    await expect(page.locator("#play")).to_have_text("Pause")
    # Its sentence began at 5.6 s.
    await expect(page.locator("#clock")).to_have_text(re.compile("0:0[6-9] / 0:15"))
    await expect(page.locator(".word.now")).to_have_count(1)
    await page.locator("#play").click()
    await expect(page.locator("#play")).to_have_text("Play")


async def test_page_follows_a_running_call_and_a_supervisor_ends_it(
    server: OperatorServer, page: Page
) -> None:
    call = KeptCall("now", began=now())
    await server.keep(call)

    class Running:
        id = "now"

        async def cut(self, reason: str) -> None:
            for event in call.ended(9.0, reason).events[-1:]:
                server.store.put(event)

    running: Any = Running()
    with ON_AIR.while_it_runs(running):
        await page.goto(f"{server.url}/calls/now")
        await expect(page.locator("#title")).to_contain_text("Running")
        for event in call.bot(2.0, "Hello, this is Maple Home Store.").events[-1:]:
            server.store.put(event)
        await expect(page.locator(".said")).to_have_text("Hello, this is Maple Home Store.")
        await page.get_by_role("button", name="End the call").click()
        await page.get_by_role("button", name="Keep it running").click()
        await expect(page.locator("#title")).to_contain_text("Running")
        await page.get_by_role("button", name="End the call").click()
        await page.locator("#ask").get_by_role("button", name="End the call").click()
        await expect(page.locator("#facts")).to_contain_text("An operator")
        await expect(page.get_by_role("button", name="End the call")).to_be_hidden()


async def test_numbers_of_the_dashboard_are_links_to_the_calls_behind_them(
    server: OperatorServer, page: Page
) -> None:
    began = now() - timedelta(hours=30)
    await server.keep(
        *(good_call(f"CA{n}", began=began + timedelta(hours=n)) for n in range(20)),
        failed_call("bad", began=began),
    )
    await page.goto(f"{server.url}/dashboard")
    await expect(page.locator(".tile", has_text="Contained")).to_contain_text("95.2 %")
    await expect(
        page.locator(".panel", has_text="Voice to voice").locator(".line")
    ).not_to_have_count(0)
    await page.get_by_label("Period").select_option("1")
    await expect(page.locator(".tile", has_text="Failed").first).to_contain_text("0 %")
    await page.get_by_label("Period").select_option("30")
    longest = page.locator(".tile", has_text="Longest dead air")
    await expect(longest).to_contain_text("6.20 s")
    await longest.click()
    await expect(page.locator("#rows tr")).to_have_count(1)
    await expect(page.locator("#rows tr")).to_contain_text("Failed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit_a_phone(server: OperatorServer, browser: Browser, scheme: Any) -> None:
    await server.keep(good_call("good", began=now()), failed_call("failed", began=now()))
    context = await browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = await context.new_page()
    for path in ("/calls", "/calls/good", "/calls/failed", "/dashboard"):
        await page.goto(server.url + path)
        await page.locator("#rows tr, .tl-speech, .tile").first.wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, path
    await context.close()


async def test_who_is_not_signed_in_signs_in_and_comes_to_where_they_wanted(
    tmp_path: Path, page: Page
) -> None:
    async with operator_server(tmp_path / "data", token=TOKEN) as server:
        await page.goto(f"{server.url}/dashboard?period=30")
        await page.get_by_label("Token").fill("wrong")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator("#problem")).to_contain_text("not the token")
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url("**/dashboard?period=30")
        await expect(page.locator("#figures")).to_contain_text("No call in this period")
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in")
        await page.goto(f"{server.url}/sign-in?to=//evil.example/")
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{server.url}/calls")
