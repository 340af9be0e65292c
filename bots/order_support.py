"""Order support: where is my order, a new address, a refund, and a person when asked for."""

from datetime import datetime

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator

from calls import Call, Line, as_bot
from processors.filler_words import FillerWords
from processors.spoken_text import SpokenText
from processors.stage_latency import StageLatency
from services.embedded.topic import Topic
from tools import goodbye, handoff, orders

GREETING = (
    "Hello, this is the automated assistant of Maple Home Store, what can I do about your order?"
)

INSTRUCTIONS = """
You are the order support line of Maple Home Store, on the telephone. You are an automated
assistant; say so when asked.
Today is {now:%A}, {now:%Y-%m-%d}.

How you speak:
- Everything you write is spoken aloud. Use one to three short sentences of plain words: no lists,
  no markdown, no abbreviations.
- Say order numbers digit by digit, in words: "four seven two nine one".
- Ask for one thing at a time.

What you do: tell where an order is, change its address, open a refund request.
- Ask for the order number first; it has five digits. Look the order up with find_order before you
  change anything: its result tells whether the address can change and whether a refund is possible.
- For a new address, ask for street, house number, town and zip code.
- For a refund, ask why.
- Before you change an address or open a refund, read it back and wait for a yes. Only then call the
  tool with confirmed true. Never say that something is done before the tool said so.
- A tool's result has "say", worded for the caller: use it, in your own words if that fits better.
  "needs" names what to ask for next.
- Never guess an order number, and never tell one that the caller did not say.
- If a tool fails, say that it did not work and try once more. If it fails again, call to_a_person.
- Words after "DTMF:" were typed on the telephone's keypad.

What you do not do: anything that is not about an order at this store, such as advice on what to
buy, new orders, payments or general knowledge. Say so in one sentence and offer what you can do.
Call to_a_person as soon as the caller asks for one, or wants an order cancelled.
In an emergency, tell the caller at once to hang up and to call nine one one or the local
emergency number. Nothing else comes first.
When the caller is done, call say_goodbye.
"""


async def order_support(call: Call) -> Pipeline:
    llm = call.llm(
        INSTRUCTIONS.format(now=datetime.now()),
        tools=[
            orders.find_order,
            orders.change_address,
            orders.request_refund,
            handoff.to_a_person,
            goodbye.say_goodbye,
        ],
    )
    turns = call.turns(llm)
    return Pipeline(
        [
            call.transport.input(),
            call.stt(keyterms=orders.KEYTERMS),
            DTMFAggregator(),
            turns.user(),
            llm,
            FillerWords(call.phrases),
            SpokenText(),
            call.tts(),
            StageLatency(call.record),
            call.transport.output(),
            turns.assistant(),
        ]
    )


# Said while a tool is slow.
PHRASES = {
    "": ("One moment, please.", "Just a second.", "Bear with me.", "Still with you."),
    "find_order": (
        "Let me look up your order.",
        "I am checking where it is.",
        "One moment, I am looking it up.",
    ),
    "change_address": (
        "Let me see whether I can still change it.",
        "I am changing the address.",
        "One moment, I am opening your order.",
    ),
    "request_refund": (
        "Let me check that for you.",
        "I am looking at your order.",
        "One moment, I am opening your order.",
    ),
    "to_a_person": ("I am getting you a person.", "Please stay on the line."),
}

# For the offline tier: what callers say for what, and the questions it asks.
TOPICS = (
    Topic(
        says=(
            "where is my order",
            "where's my order",
            "i want to know where my order is",
            "can you tell me where my package is",
            "where is my parcel",
            "when will my order arrive",
            "when does my package come",
            "what is the status of my order",
            "can you track my order",
            "has my order been shipped",
            "my order has not arrived",
            "i am still waiting for my delivery",
            "check my order please",
            "my order number is four seven two nine one",
            "it is about order five eight three oh six",
            "i have a question about my order",
            "order status",
            "where is it",
            "where is my stuff",
            "when will it be here",
            "my package is not here yet",
            "i never got my order",
        ),
        tool=orders.find_order,
        asks={"order_number": "What is your order number, digit by digit?"},
    ),
    Topic(
        says=(
            "i want to change the address",
            "i want to change my address",
            "can you change the delivery address",
            "i need to change the shipping address",
            "send it to another address",
            "can you send my order to a different address",
            "i have moved and have a new address",
            "the address on my order is wrong",
            "please deliver it somewhere else",
            "i gave you the wrong address",
            "change of address",
            "a new address",
            "can you change where my package goes",
            "can you send it to my office instead",
            "can i get it sent somewhere else",
            "deliver it to my work",
        ),
        tool=orders.change_address,
        asks={
            "order_number": "I can look into that. What is your order number, digit by digit?",
            "new_address": "What is the new address, with street, house number and town?",
            "confirmed": "So order {order_number} should go to {new_address}. Is that right?",
        },
    ),
    Topic(
        says=(
            "i want a refund",
            "i would like a refund",
            "can i get a refund",
            "can i get my money back",
            "i want my money back",
            "i want to return my order",
            "i want to send it back",
            "how do i return something",
            "i am not happy with what i got",
            "it arrived broken and i want a refund",
            "what i ordered does not work",
            "you sent me the wrong thing",
            "a refund please",
            "request a refund",
            "it arrived damaged",
            "it came broken",
            "it is broken",
            "it has a crack",
            "i got the wrong item",
            "i want to give it back",
        ),
        tool=orders.request_refund,
        asks={
            "order_number": "For a refund, what is your order number, digit by digit?",
            "reason": "Why would you like your money back?",
            "confirmed": "So you would like a refund for order {order_number}. Shall I ask for it?",
        },
    ),
    Topic(
        says=(
            "can i talk to a person",
            "i want to talk to a person",
            "let me speak to somebody",
            "can i speak to a human",
            "i want a real person",
            "a person please",
            "connect me to an agent",
            "put me through to someone",
            "i want to speak to your manager",
            "i want to complain",
            "can somebody call me back",
            "i want to cancel my order",
            "please cancel my order",
        ),
        tool=handoff.to_a_person,
    ),
    Topic(
        says=(
            "where do i find my order number",
            "i don't know my order number",
            "i do not have an order number",
            "i don't have the number",
            "i can't find the number",
            "what is an order number",
            "i lost my order number",
            "where is the number",
        ),
        reply=(
            "The order number has five digits. "
            "You find it at the top of your confirmation e-mail. "
            "Without it, please ask me for a person."
        ),
    ),
    Topic(
        says=(
            "how long does a refund take",
            "how long do i have to send it back",
            "can i still return it after a month",
            "what is your return policy",
            "how many days do i have",
            "what are the rules for a refund",
            "do i have to pay for the return",
            "return policy",
        ),
        reply=(
            "You can ask for a refund up to thirty days after delivery. "
            "You get a return label, and the money once the parcel is back."
        ),
    ),
    Topic(
        says=(
            "tell me a joke",
            "what is the weather like",
            "what is the capital of france",
            "can you recommend a coffee machine",
            "what should i buy",
            "i want to buy a lamp",
            "i would like to place a new order",
            "do you have a discount",
            "can i pay with my credit card",
            "who won the game last night",
            "book me a table",
            "i need a doctor",
        ),
        reply=(
            "I am sorry, I can only help with orders you already placed with us. "
            "I can tell you where an order is, change its address, or ask for a refund."
        ),
    ),
    Topic(
        says=(
            "this is an emergency",
            "emergency",
            "i need an ambulance",
            "call the police",
            "there is a fire",
            "my house is on fire",
            "somebody is hurt",
            "i have chest pain",
            "i can't breathe",
            "i cannot breathe",
            "my chest hurts",
            "i am having a heart attack",
            "she is unconscious",
            "somebody is bleeding",
            "i am hurt",
        ),
        reply=(
            "This sounds like an emergency. Please hang up and call nine one one, "
            "or your local emergency number, right now."
        ),
    ),
    Topic(
        says=(
            "goodbye",
            "bye",
            "thank you goodbye",
            "no thank you goodbye",
            "no that is all",
            "no that is all thank you",
            "that is all",
            "that was everything",
            "nothing else thank you",
            "have a nice day",
            "you can hang up now",
        ),
        tool=goodbye.say_goodbye,
    ),
)

# What `switchboard call order_support` says, and what it wants to hear.
SAMPLE_CALL = (
    Line("where is my order", expect="order number|number|digit"),
    # Shipped on the first day of the order book, delivered two days later.
    Line("four seven two nine one", expect="arrive|deliver|shipped"),
    Line("can i get my money back", expect="why|money"),
    Line("it does not work", expect="refund|shall"),
    Line("yes please", expect="refund|way|arrived"),
    Line("no that is all", expect="bye"),
)

bot = as_bot(
    order_support,
    greeting=GREETING,
    topics=TOPICS,
    phrases=PHRASES,
    sample_call=SAMPLE_CALL,
)

if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
