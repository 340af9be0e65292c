"""A caller on the call page: what is seen, heard, pressed, and said when something is wrong."""

from itertools import pairwise
from typing import Any

import pytest
from fake_server import BOTS, FakeServer
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LATENCY: dict[str, Any] = {
    "turn": 1,
    "said": "Where is my order?",
    "transcript_final_ms": 164.2,
    "turn_end_ms": 318.0,
    "first_token_ms": 402.0,
    "first_speakable_text_ms": 420.0,
    "first_audio_ms": 761.0,
    "first_audio_out_ms": 812.4,
    "filler_audio_out_ms": None,
    "tools": [],
    "interrupted": False,
}

# What Daily's client does for the page, without Daily: joins, and carries messages.
DAILY_STAND_IN = """
export default {
  createCallObject(options) {
    const heard = new Map();
    const room = {
      options, sent: [],
      on(event, handler) { heard.set(event, handler); },
      async join(where) { room.where = where; },
      sendAppMessage(message) { room.sent.push(message); },
      setLocalAudio(on) { room.audio = on; },
      destroy() { room.destroyed = true; },
      emit(event, detail) { heard.get(event)(detail); },
    };
    window.room = room;
    return room;
  },
};
"""


async def call(page: Page, server: FakeServer) -> None:
    await page.get_by_role("button", name="Call", exact=True).click()
    await page.locator("body[data-phase=live]").wait_for()
    await server.until(lambda: server.sent("client-ready"))


async def user_says(server: FakeServer, text: str, *, final: bool = True) -> None:
    await server.say("user-transcription", text=text, final=final, user_id="", timestamp="")


async def bot_says(server: FakeServer, segment: int, spoken: str, rest: str = "") -> None:
    status = "completed" if not rest else "in-progress" if spoken else "new"
    await server.say(
        "bot-output",
        text=spoken + rest,
        segment_id=segment,
        will_be_spoken=True,
        spoken_status=status,
        spoken_progress={"accumulated_text": spoken, "remaining_text": rest},
    )


async def until_page(page: Page, holds: str) -> None:
    """Wait for a JavaScript expression; Playwright's own wait needs eval, which is forbidden."""
    await page.evaluate(
        "() => new Promise((done) => {"
        f"const look = () => ({holds}) ? done() : requestAnimationFrame(look); look(); }})"
    )


async def overflow_px(page: Page) -> int:
    return await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


# Before the call


async def test_caller_sees_every_bot_with_its_sentence(page: Page) -> None:
    for bot in BOTS:
        radio = page.get_by_role("radio", name=bot["title"])
        await expect(radio).to_have_accessible_description(bot["sentence"])


async def test_stand_ins_are_called_stand_ins_and_others_are_not(page: Page) -> None:
    providers = page.locator("#providers")
    await expect(providers.get_by_text("stand-in, not a language model")).to_be_visible()
    await expect(providers.locator("[data-family=hear]")).to_contain_text("stand-in")
    await expect(providers.locator("[data-family=speak]")).not_to_contain_text("stand-in")


async def test_address_may_name_the_bot_to_call(page: Page, server: FakeServer) -> None:
    await page.goto(f"{server.url}?bot=receptionist")
    await expect(page.get_by_role("radio", name="Receptionist")).to_be_checked()


async def test_web_calls_never_load_dailys_client(page: Page, server: FakeServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.reload()
    await call(page, server)
    assert any("webrtc.js" in url for url in asked)
    assert not any("daily" in url for url in asked)


# The call itself


async def test_call_reaches_the_chosen_bot_and_both_sides_are_heard(
    page: Page, server: FakeServer
) -> None:
    await page.get_by_text("Receptionist", exact=True).click()
    await call(page, server)
    assert server.offers[0]["request_data"] == {"bot": "receptionist"}
    assert server.sent("client-ready")[0]["version"] == "2.2.0"
    await server.until(lambda: server.heard_frames > 5 and server.pings >= 1)
    await until_page(
        page, "document.querySelector('#level-bot').style.getPropertyValue('--level') > 0.2"
    )
    await expect(page.locator("#voice")).to_have_js_property("paused", False)


async def test_interim_words_are_replaced_by_the_final_ones(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await user_says(server, "where is", final=False)
    await expect(page.locator(".interim")).to_have_text("where is")
    await user_says(server, "where is my", final=False)
    await expect(page.locator(".interim")).to_have_text("where is my")
    await user_says(server, "Where is my order?")
    await expect(page.locator(".line[data-side=user] .said")).to_have_text("Where is my order?")
    await expect(page.locator(".interim")).to_be_empty()


async def test_finals_of_one_breath_stand_on_one_line(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await user_says(server, "Where is my order?")
    await user_says(server, "It is late.")
    await expect(page.locator(".line[data-side=user]")).to_have_count(1)
    await expect(page.locator(".final")).to_have_text("Where is my order? It is late.")


async def test_words_not_yet_spoken_are_dimmed_until_they_are(
    page: Page, server: FakeServer
) -> None:
    await call(page, server)
    await bot_says(server, 1, "", "It left this morning.")
    await expect(page.locator(".unspoken")).to_have_text("It left this morning.")
    await bot_says(server, 1, "It left", " this morning.")
    await expect(page.locator(".spoken")).to_have_text("It left")
    await expect(page.locator(".unspoken")).to_have_text("this morning.")
    dimmed, full = await page.evaluate(
        "['.unspoken', '.spoken'].map(s => getComputedStyle(document.querySelector(s)).color)"
    )
    assert dimmed != full
    await bot_says(server, 1, "It left this morning.")
    await expect(page.locator(".spoken")).to_have_text("It left this morning.")
    await expect(page.locator(".unspoken")).to_be_empty()


async def test_barge_in_strikes_what_was_not_said(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await server.say("bot-started-speaking")
    await bot_says(server, 1, "It left", " this morning.")
    await server.say("bot-interrupted")
    await expect(page.locator(".segment s")).to_have_text("this morning.")
    await expect(page.locator(".cut")).to_have_text("cut off")
    await bot_says(server, 1, "It left this morning.")
    await bot_says(server, 2, "Yes?")
    await expect(page.locator(".segment").nth(1)).to_have_text("Yes?")
    await expect(page.locator(".segment s")).to_have_text("this morning.")


async def test_interruption_of_a_silent_bot_marks_nothing(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await server.say("bot-started-speaking")
    await bot_says(server, 1, "Hello.")
    await server.say("bot-stopped-speaking")
    await server.say("bot-interrupted")
    await user_says(server, "Hello")
    await expect(page.locator(".final")).to_have_text("Hello")
    await expect(page.locator(".cut")).to_have_count(0)


async def test_state_follows_the_conversation(page: Page, server: FakeServer) -> None:
    await call(page, server)
    state = page.locator("#state")
    await expect(state).to_have_text("Listening")
    await server.say("user-stopped-speaking")
    await expect(state).to_have_text("Thinking")
    await server.say("bot-started-speaking")
    await expect(state).to_have_text("Speaking")
    await server.say("llm-function-call-in-progress", tool_call_id="a", function_name="find_order")
    await server.say("bot-stopped-speaking")
    await expect(state).to_have_text("Thinking")
    await server.say("llm-function-call-stopped", tool_call_id="a", cancelled=False)
    await server.say("bot-started-speaking")
    await server.say("bot-stopped-speaking")
    await expect(state).to_have_text("Listening")


async def test_tool_shows_while_it_runs_and_then_what_it_took(
    page: Page, server: FakeServer
) -> None:
    await call(page, server)
    await user_says(server, "Where is my order?")
    await server.say("llm-function-call-in-progress", tool_call_id="a", function_name="find_order")
    tool = page.get_by_role("list", name="Tools").get_by_role("listitem")
    await expect(tool).to_contain_text("Find order")
    await expect(tool).to_contain_text("running")
    await server.say("llm-function-call-stopped", tool_call_id="a", cancelled=False)
    await expect(tool).to_contain_text("took")
    await server.tell(
        "turn-latency",
        **LATENCY | {"tools": [{"name": "find_order", "start_ms": 340, "duration_ms": 416}]},
    )
    await expect(tool).to_contain_text("took 416 ms")


async def test_cancelled_tool_is_not_shown_as_done(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await server.say("llm-function-call-in-progress", tool_call_id="a", function_name="find_order")
    await server.say("llm-function-call-stopped", tool_call_id="a", cancelled=True)
    await expect(page.locator(".tool")).to_contain_text("stopped after")


async def test_handover_shows_the_queue_number(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await server.tell("handoff", queue_number=3, reason="You asked for a person.")
    card = page.get_by_role("region", name="Handed over to a person")
    await expect(card).to_contain_text("You are number 3 in the queue")
    await expect(card).to_contain_text("You asked for a person.")


async def test_failure_of_a_provider_is_told_with_what_it_cost(
    page: Page, server: FakeServer
) -> None:
    await call(page, server)
    await server.tell(
        "provider-failed",
        stage="llm",
        provider="openai",
        how="silent",
        cost_ms=1200.4,
        went_to="groq",
    )
    await expect(page.get_by_role("note")).to_have_text(
        "Language model: openai said nothing (1200 ms); groq was asked"
    )


async def test_time_lost_to_a_provider_is_a_part_of_the_waterfall(
    page: Page, server: FakeServer
) -> None:
    await call(page, server)
    await user_says(server, "Where is my order?")
    lost = {"stage": "llm", "provider": "openai", "how": "silent", "start_ms": 320, "cost_ms": 80}
    await server.tell("turn-latency", **LATENCY | {"failures": [lost | {"went_to": "groq"}]})
    row = page.locator(".wf-failure")
    await expect(row).to_contain_text("openai failed")
    await expect(row).to_contain_text("80 ms")
    table = page.get_by_role("table", name="Latency of turn 1")
    await expect(table.get_by_role("row", name="openai failed: silent 320 ms 80 ms")).to_have_count(
        1
    )


async def test_providers_of_the_call_replace_those_of_the_house(
    page: Page, server: FakeServer
) -> None:
    await call(page, server)
    llm = {"name": "openai", "title": "OpenAI", "stand_in": False}
    await server.tell("call", call_id="1", bot="order_support", providers={"llm": llm})
    await expect(page.locator("#legend")).to_have_text("Thinks OpenAI")


# The waterfall


async def test_each_turn_draws_its_waterfall(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await user_says(server, "Where is my order?")
    await expect(page.locator(".waterfall[data-status=waiting]")).to_have_count(1)
    await server.tell("turn-latency", **LATENCY)
    figure = page.locator(".waterfall[data-turn='1']")
    await expect(figure.locator(".wf-total")).to_have_text("812 ms voice to voice")
    await expect(figure.locator(".wf-stage .wf-bar")).to_have_count(6)
    boxes = await figure.locator(".wf-bar").evaluate_all(
        "bars => Promise.all(bars.flatMap(bar => bar.getAnimations().map(one => one.finished)))"
        ".then(() => bars.map(bar => bar.getBoundingClientRect().toJSON()))"
    )
    ends = [box["right"] for box in boxes]
    assert ends == sorted(ends)
    for before, after in pairwise(boxes):
        assert after["left"] == pytest.approx(before["right"], abs=3)


async def test_waterfall_is_a_table_to_a_screen_reader(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await user_says(server, "Where is my order?")
    await server.tell(
        "turn-latency",
        **LATENCY
        | {
            "filler_audio_out_ms": 700,
            "tools": [{"name": "find_order", "start_ms": 340, "duration_ms": 416}],
        },
    )
    table = page.get_by_role("table", name="Latency of turn 1: until the answer 812 ms")
    await expect(table.get_by_role("row", name="First token 402 ms 84 ms")).to_have_count(1)
    await expect(table.get_by_role("row", name="Tool: Find order 340 ms 416 ms")).to_have_count(1)
    await expect(table.get_by_role("row", name="Said meanwhile 700 ms")).to_have_count(1)


async def test_all_turns_share_one_scale(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await user_says(server, "Where is my order?")
    await server.tell("turn-latency", **LATENCY)
    first = page.locator(".waterfall[data-turn='1'] .wf-bar").first
    await expect(page.locator("[data-turn='1'] .wf-tick").last).to_have_text("1 s")
    await bot_says(server, 1, "What is the number?")
    await user_says(server, "One.")
    slow = LATENCY | {"turn": 2, "said": "One.", "first_audio_out_ms": 3600}
    await server.tell("turn-latency", **slow)
    await expect(page.locator("[data-turn='2'] .wf-tick").last).to_have_text("4 s")
    await expect(page.locator("[data-turn='1'] .wf-tick").last).to_have_text("4 s")
    share = await first.evaluate("bar => bar.offsetWidth / bar.parentElement.offsetWidth")
    assert share == pytest.approx(164.2 / 4000, abs=0.02)


async def test_waterfall_of_a_cut_off_turn_goes_to_that_turn(
    page: Page, server: FakeServer
) -> None:
    await call(page, server)
    await user_says(server, "Where is my order?")
    await bot_says(server, 1, "It", " left.")
    await server.say("bot-interrupted")
    await user_says(server, "No, wait.")
    await server.tell(
        "turn-latency",
        **LATENCY | {"interrupted": True, "first_audio_ms": None, "first_audio_out_ms": None},
    )
    first = page.locator(".exchange").first.locator(".waterfall")
    await expect(first).to_contain_text("cut off before the answer")
    await expect(page.locator(".exchange").nth(1).locator(".waterfall")).to_have_attribute(
        "data-status", "waiting"
    )


async def test_words_do_not_move_when_the_waterfall_arrives(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await user_says(server, "Where is my order?")
    await bot_says(server, 1, "It left.")
    line = page.locator(".line[data-side=bot]")
    before = await line.bounding_box()
    await server.tell("turn-latency", **LATENCY)
    await page.locator(".waterfall[data-turn='1']").wait_for()
    assert await line.bounding_box() == before


# Controls


async def test_mute_silences_the_microphone_and_tells_the_bot(
    page: Page, server: FakeServer
) -> None:
    await call(page, server)
    mute = page.get_by_role("button", name="Mute")
    await mute.click()
    await expect(mute).to_have_attribute("aria-pressed", "true")
    off = {"type": "trackStatus", "receiver_index": 0, "enabled": False}
    await server.until(lambda: any(m.get("message") == off for m in server.received))
    await mute.click()
    await expect(mute).to_have_attribute("aria-pressed", "false")
    assert {"type": "signalling", "message": off} in server.received


async def test_keypad_by_mouse_and_by_keyboard(page: Page, server: FakeServer) -> None:
    await call(page, server)
    toggle = page.get_by_role("button", name="Keypad")
    await toggle.click()
    await page.get_by_role("button", name="7", exact=True).click()
    await page.keyboard.type("1*#")
    await server.until(lambda: len(server.sent("dtmf")) == 4)
    assert [one["buttons"] for one in server.sent("dtmf")] == [["7"], ["1"], ["*"], ["#"]]
    await expect(page.get_by_label("Pressed keys")).to_have_text("71*#")
    await page.keyboard.press("Escape")
    await expect(page.locator("#keypad")).to_be_hidden()
    await expect(toggle).to_be_focused()


async def test_whole_call_by_keyboard_alone(page: Page, server: FakeServer) -> None:
    await page.get_by_role("radio", name="Order support").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("radio", name="Receptionist")).to_be_checked()
    await page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Call", exact=True)
    await expect(button).to_be_focused()
    outline = await button.evaluate("node => getComputedStyle(node).outlineStyle")
    assert outline == "solid"
    await page.keyboard.press("Enter")
    await page.locator("body[data-phase=live]").wait_for()
    assert server.offers[0]["request_data"] == {"bot": "receptionist"}
    for name in ("Mute", "Keypad", "Hang up"):
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name=name)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#note")).to_contain_text("You hung up.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Call again")).to_be_focused()


async def test_hanging_up_tells_the_bot_and_releases_the_microphone(
    page: Page, server: FakeServer
) -> None:
    await page.evaluate(
        """() => {
          const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = async (wish) => (window.mic = await open(wish));
        }"""
    )
    await call(page, server)
    await bot_says(server, 1, "Hello.")
    await expect(page.locator(".spoken")).to_have_text("Hello.")
    await page.get_by_role("button", name="Hang up").click()
    await expect(page.locator("#state")).to_contain_text("Call ended")
    await expect(page.locator(".spoken")).to_have_text("Hello.")
    assert await page.evaluate("mic.getTracks().every(track => track.readyState === 'ended')")


async def test_bot_renegotiates_without_a_new_call(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await server.signal("renegotiate")
    await server.until(lambda: len(server.offers) == 2)
    assert server.offers[1]["pc_id"] == "fake-1"
    await user_says(server, "Still here")
    await expect(page.locator(".final")).to_have_text("Still here")


# The end


async def test_reason_is_shown_and_the_caller_can_call_again(
    page: Page, server: FakeServer
) -> None:
    await call(page, server)
    await bot_says(server, 1, "Goodbye.")
    await server.tell("call-ended", reason="the caller said goodbye")
    await server.hang_up()
    await expect(page.locator("#note")).to_contain_text("The caller said goodbye.")
    await expect(page.locator(".spoken")).to_have_text("Goodbye.")
    await expect(page.get_by_role("alert")).to_be_empty()
    server.received.clear()
    await page.get_by_role("button", name="Call again").click()
    await page.locator("body[data-phase=live]").wait_for()
    await expect(page.locator(".exchange")).to_have_count(0)


async def test_ended_call_is_summed_up(page: Page, server: FakeServer) -> None:
    await call(page, server)
    for turn, out_ms in ((1, 600), (2, 900), (3, 700)):
        await server.tell("turn-latency", **LATENCY | {"turn": turn, "first_audio_out_ms": out_ms})
    await server.hang_up()
    await expect(page.locator("#note")).to_have_text(
        "The bot hung up. 3 turns, median voice to voice 700 ms."
    )


# What can go wrong


async def test_all_lines_busy_is_said_in_the_servers_words(page: Page, server: FakeServer) -> None:
    server.busy = True
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_role("alert")).to_have_text(
        "All lines are busy. Please try again in a few minutes."
    )
    server.busy = False
    await call(page, server)
    await expect(page.get_by_role("alert")).to_be_empty()


async def test_busy_line_does_not_cost_the_last_calls_words(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await bot_says(server, 1, "Hello.")
    await expect(page.locator(".spoken")).to_have_text("Hello.")
    await page.get_by_role("button", name="Hang up").click()
    server.busy = True
    await page.get_by_role("button", name="Call again").click()
    await expect(page.get_by_role("alert")).to_contain_text("All lines are busy.")
    await expect(page.locator(".spoken")).to_have_text("Hello.")


async def test_unknown_bot_is_named(page: Page, server: FakeServer) -> None:
    server.unknown = True
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("There is no bot named order_support.")
    await expect(page.get_by_role("alert")).to_contain_text("Reload the page")


async def test_server_gone_before_the_call(page: Page, server: FakeServer) -> None:
    await page.route("**/api/offer", lambda route: route.abort("connectionrefused"))
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text(
        "The Switchboard server does not answer."
    )
    await expect(page.get_by_role("alert")).to_contain_text("press Call again")


async def test_server_gone_while_the_page_loads_and_back_for_the_call(
    page: Page, server: FakeServer
) -> None:
    async def refuse(route: Route) -> None:
        await route.abort("connectionrefused")

    await page.route("**/api/bots", refuse)
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text(
        "The Switchboard server does not answer."
    )
    await page.unroute("**/api/bots", refuse)
    await call(page, server)


async def test_server_gone_during_the_call_keeps_the_words(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await bot_says(server, 1, "Hello.")
    await expect(page.locator(".spoken")).to_have_text("Hello.")
    await page.route("**/api/bots", lambda route: route.abort("connectionrefused"))
    await server.hang_up(say_goodbye=False)
    await expect(page.get_by_role("alert")).to_contain_text(
        "The Switchboard server stopped answering during the call."
    )
    await expect(page.locator(".spoken")).to_have_text("Hello.")
    await expect(page.get_by_role("button", name="Call again")).to_be_visible()


async def test_connection_lost_while_the_server_lives(page: Page, server: FakeServer) -> None:
    await call(page, server)
    await server.hang_up(say_goodbye=False)
    await expect(page.get_by_role("alert")).to_contain_text("The connection was lost.")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("NotAllowedError", "Allow it through the icon next to the address"),
        ("NotFoundError", "No microphone was found."),
        ("NotReadableError", "in use by another program"),
    ],
)
async def test_microphone_trouble_says_what_to_do(
    page: Page, server: FakeServer, error: str, sentence: str
) -> None:
    await page.evaluate(
        """name => {
          navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", name));
        }""",
        error,
    )
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text(sentence)
    assert server.offers == []
    await expect(page.get_by_role("button", name="Call", exact=True)).to_be_enabled()


async def test_insecure_address_is_told_apart_from_a_refusal(
    page: Page, server: FakeServer
) -> None:
    await page.evaluate("Object.defineProperty(window, 'isSecureContext', {value: false})")
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("Open the page over https")


async def test_failed_audio_connection_names_the_firewall(page: Page, server: FakeServer) -> None:
    server.unreachable = True
    await page.evaluate(
        """() => {
          const Native = RTCPeerConnection;
          window.RTCPeerConnection = class extends Native {
            constructor(...args) { super(...args); window.peer = this; }
            // The browser itself takes half a minute to give up.
            get connectionState() { return window.gaveUp ? "failed" : super.connectionState; }
          };
        }"""
    )
    await page.get_by_role("button", name="Call", exact=True).click()
    await server.until(lambda: server.offers)
    await page.evaluate("gaveUp = true; peer.dispatchEvent(new Event('connectionstatechange'))")
    await expect(page.get_by_role("alert")).to_contain_text("firewall or VPN")


async def test_refused_offer_points_at_the_log(page: Page, server: FakeServer) -> None:
    await page.route("**/api/offer", lambda route: route.fulfill(status=500, body="oh"))
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("The server refused the call (500).")
    await expect(page.get_by_role("alert")).to_contain_text("server's log")


async def test_blocked_sound_gets_a_button(page: Page, server: FakeServer) -> None:
    await page.evaluate(
        """() => {
          const play = HTMLMediaElement.prototype.play;
          let blocked = true;
          HTMLMediaElement.prototype.play = function () {
            if (!blocked) return play.call(this);
            blocked = false;
            return Promise.reject(new DOMException("", "NotAllowedError"));
          };
        }"""
    )
    await call(page, server)
    hear = page.get_by_role("button", name="Hear the bot")
    await hear.click()
    await expect(hear).to_be_hidden()
    await expect(page.locator("#voice")).to_have_js_property("paused", False)


# Daily


async def test_call_over_daily_looks_the_same(page: Page, server: FakeServer) -> None:
    server.daily = True
    await page.route(
        "**/vendor/daily-js/daily-esm.js",
        lambda route: route.fulfill(content_type="text/javascript", body=DAILY_STAND_IN),
    )
    await page.reload()
    await page.get_by_role("button", name="Call", exact=True).click()
    await until_page(page, "window.room?.where")
    assert server.starts == [
        {"transport": "daily", "createDailyRoom": True, "body": {"bot": "order_support"}}
    ]
    assert await page.evaluate("room.where") == {
        "url": "https://example.daily.co/room",
        "token": "token",
    }
    await page.evaluate(
        """() => {
          const track = new RTCPeerConnection().addTransceiver("audio").receiver.track;
          room.emit("track-started", { participant: { local: false }, track });
          for (const [type, data] of [
            ["bot-ready", {}],
            ["bot-output", { text: "Hello.", segment_id: 1, spoken_status: "completed" }],
          ]) room.emit("app-message", { data: { label: "rtvi-ai", type, data } });
        }"""
    )
    await expect(page.locator(".spoken")).to_have_text("Hello.")
    assert await page.evaluate("room.sent.map(message => message.type)") == ["client-ready"]
    await page.get_by_role("button", name="Mute").click()
    assert await page.evaluate("room.audio") is False
    await page.evaluate("room.emit('participant-left', {})")
    await expect(page.locator("#note")).to_contain_text("The bot hung up.")
    assert await page.evaluate("room.destroyed") is True


async def test_vendored_daily_client_loads_under_the_pages_policy(page: Page) -> None:
    kind = await page.evaluate(
        "import('/page/vendor/daily-js/daily-esm.js').then(m => typeof m.default.createCallObject)"
    )
    assert kind == "function"


# Sizes, colours, names


@pytest.mark.parametrize("width", [400, 1400])
async def test_nothing_sticks_out_sideways(page: Page, server: FakeServer, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    assert await overflow_px(page) <= 0
    await call(page, server)
    await user_says(server, "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen " * 3)
    await bot_says(server, 1, "It left", " this morning.")
    await server.tell(
        "turn-latency",
        **LATENCY | {"tools": [{"name": "a_tool_" * 12, "start_ms": 0, "duration_ms": 59_000}]},
    )
    await server.tell("handoff", queue_number=12, reason="You asked for a person.")
    await page.get_by_role("button", name="Keypad").click()
    await expect(page.locator(".handoff")).to_be_visible()
    assert await overflow_px(page) <= 0
    buttons = page.locator("#console button:visible")
    for box in [await buttons.nth(at).bounding_box() for at in range(await buttons.count())]:
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_has_contrast_in_both_schemes(
    browser: Browser, server: FakeServer, scheme: Any
) -> None:
    context = await browser.new_context(color_scheme=scheme, permissions=["microphone"])
    page = await context.new_page()
    await page.goto(server.url)
    await page.locator(".bot").first.wait_for()
    await call(page, server)
    await user_says(server, "Where is my order?")
    await user_says(server, "and", final=False)
    await bot_says(server, 1, "It left", " this morning.")
    await server.tell("turn-latency", **LATENCY)
    await page.locator(".waterfall[data-turn='1']").wait_for()
    poor = await page.evaluate(CONTRAST)
    await context.close()
    assert poor == []


# Every visible text against the first opaque background behind it, by WCAG's formula.
CONTRAST = """() => {
  const rgba = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = rgba(getComputedStyle(node).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (node.closest(".hidden, script, style, noscript, .skip")) continue;
    const [a, b] = [light(rgba(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${texts.currentNode.data.trim()} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


async def test_dark_scheme_is_dark(browser: Browser, server: FakeServer) -> None:
    lightness: dict[str, float] = {}
    for scheme in ("light", "dark"):
        context = await browser.new_context(color_scheme=scheme)
        page = await context.new_page()
        await page.goto(server.url)
        color = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        lightness[scheme] = sum(int(part) for part in color.strip("rgb()").split(","))
        await context.close()
    assert lightness["dark"] < 120 < 600 < lightness["light"]


async def test_reduced_motion_moves_nothing(context: BrowserContext, server: FakeServer) -> None:
    page = await context.new_page()
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(server.url)
    await page.locator(".bot").first.wait_for()
    await call(page, server)
    await user_says(server, "Where is my order?")
    await server.say("llm-function-call-in-progress", tool_call_id="a", function_name="find_order")
    await server.tell("turn-latency", **LATENCY)
    await page.locator(".waterfall[data-turn='1']").wait_for()
    assert await page.evaluate("document.getAnimations().length") == 0


async def test_screen_reader_finds_landmarks_and_names(page: Page, server: FakeServer) -> None:
    await expect(page.locator("body")).to_match_aria_snapshot(
        """
        - banner:
          - link "Switchboard, start page"
          - link "Second console"
        - main:
          - region "Who would you like to call?":
            - heading "Who would you like to call?" [level=1]
            - group "Bot to call":
              - radio "Order support" [checked]
              - radio "Receptionist"
            - complementary "Behind the voice":
              - heading "Behind the voice" [level=2]
          - region "Call controls":
            - alert
            - button "Call"
        """
    )
    await call(page, server)
    await user_says(server, "Where is my order?")
    await expect(page.locator("main")).to_match_aria_snapshot(
        """
        - main:
          - region "Order support":
            - heading "Order support" [level=1]
            - list "Providers in use"
            - list "Conversation":
              - listitem:
                - paragraph: You Where is my order?
          - region "Call controls":
            - alert
            - button "Mute"
            - button "Keypad"
            - button "Hang up"
        """
    )


async def test_screen_reader_hears_whole_lines_and_no_interim_word(
    page: Page, server: FakeServer
) -> None:
    await call(page, server)
    spoken = page.get_by_role("log")
    await user_says(server, "where is my", final=False)
    await user_says(server, "Where is my order?")
    await bot_says(server, 1, "It", " left.")
    await bot_says(server, 1, "It left.")
    await expect(spoken.locator("p")).to_have_text(
        [
            "Connecting to Order support",
            "Connected to Order support",
            "You: Where is my order?",
            "Order support: It left.",
        ]
    )
