"""Clinic reception: finds a free time, books, moves and cancels appointments."""

from datetime import datetime

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator

from calls import Call, Faq, Line, as_bot
from processors.filler_words import FillerWords
from processors.spoken_text import SpokenText
from processors.stage_latency import StageLatency
from services.embedded.topic import Topic
from tools import appointments, goodbye, handoff

GREETING = "Hello, this is the automated assistant of Riverside Clinic, how can I help you?"

INSTRUCTIONS = """
You are the receptionist of Riverside Clinic, on the telephone. You are an automated assistant;
say so when asked.
Now it is {now:%A}, {now:%Y-%m-%d}, {now:%H:%M}.

How you speak:
- Everything you write is spoken aloud. Use one to three short sentences of plain words: no lists,
  no markdown, no abbreviations.
- Say dates and times as people do: "Monday the twenty third at half past ten".
- Ask for one thing at a time.

What you do: find free times, book, move and cancel appointments. We see patients Monday to Friday,
from nine to twelve and from half past one to five.
- To book: look for free times with find_slots and offer at most three. Then ask for the first and
  last name, then for the date of birth. Ask what the visit is for only if it comes up.
- To move or cancel: ask for name and date of birth first.
- Before you book, move or cancel, read everything back and wait for a yes. Only then call the tool
  with confirmed true. Never say that something is done before the tool said so.
- A tool's result has "say", worded for the caller: use it, in your own words if that fits better.
  "needs" names what to ask for next.
- If a tool fails, say that it did not work and try once more. If it fails again, call to_a_person.
- Words after "DTMF:" were typed on the telephone's keypad.

What you do not do: medical advice, prescriptions, test results, prices. Say so in one sentence and
offer a person. Call to_a_person as soon as the caller asks for one.
Emergency, such as chest pain, trouble breathing, heavy bleeding, signs of a stroke, somebody
unconscious, or thoughts of suicide: tell the caller at once to hang up and to call nine one one or
the local emergency number. Nothing else comes first.
When the caller is done, call say_goodbye.
"""


async def receptionist(call: Call) -> Pipeline:
    llm = call.llm(
        INSTRUCTIONS.format(now=datetime.now()),
        tools=[
            appointments.find_slots,
            appointments.book_appointment,
            appointments.move_appointment,
            appointments.cancel_appointment,
            handoff.to_a_person,
            goodbye.say_goodbye,
        ],
    )
    turns = call.turns(llm)
    return Pipeline(
        [
            call.transport.input(),
            call.stt(keyterms=appointments.KEYTERMS),
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
    "find_slots": (
        "Let me look at the calendar.",
        "I am looking for a free time.",
        "Let me see what we have.",
    ),
    "book_appointment": (
        "I am putting that in the book.",
        "Let me write that down.",
        "One moment, I am booking it.",
    ),
    "move_appointment": (
        "I am moving it now.",
        "Let me change that in the book.",
        "One moment, I am looking it up.",
    ),
    "cancel_appointment": (
        "Let me find your appointment.",
        "I am looking it up.",
        "One moment, I am opening the book.",
    ),
    "to_a_person": ("I am getting you a person.", "Please stay on the line."),
}

OPENING_HOURS = (
    "We see patients Monday to Friday, from nine to twelve and from half past one to five. "
    "Would you like an appointment?"
)

# Answered at once, without the language model.
FAQ = (
    Faq(
        questions=(
            "When are you open?",
            "When do you open?",
            "When do you close?",
            "What are your opening hours?",
            "What are your hours?",
            "What are the opening hours?",
            "What time do you open?",
            "What time do you close?",
            "Are you open on Saturday?",
            "Are you open on Sunday?",
            "Are you open at the weekend?",
            "Are you open on weekends?",
            "Do you open at the weekend?",
            "Your opening hours?",
            "Opening hours?",
        ),
        answer=OPENING_HOURS,
    ),
)

# For the offline tier: what callers say for what, and the questions it asks.
TOPICS = (
    Topic(
        says=(
            "this is an emergency",
            "emergency",
            "i have chest pain",
            "i have a terrible pain in my chest",
            "chest pains",
            "i cannot breathe",
            "i can't breathe",
            "trouble breathing",
            "i think i am having a heart attack",
            "heart attack",
            "i think it is a stroke",
            "my face is numb and i can't move my arm",
            "she is unconscious",
            "he collapsed and does not wake up",
            "my mother collapsed",
            "there is a lot of blood",
            "the bleeding does not stop",
            "i am bleeding badly",
            "my child swallowed poison",
            "i took too many pills",
            "i want to kill myself",
            "i want to die",
            "i need an ambulance",
            "call an ambulance",
            "my chest hurts",
            "my chest is so tight",
            "there is a pressure on my chest",
            "my child is choking",
            "he passed out",
            "he is not breathing",
            "i can't get any air",
            "she has a seizure",
            "my throat is swelling",
        ),
        reply=(
            "This sounds like an emergency. Please hang up and call nine one one, "
            "or your local emergency number, right now."
        ),
    ),
    Topic(
        says=(
            "i would like to make an appointment",
            "i would like to book an appointment",
            "i need an appointment",
            "can i book an appointment",
            "can i book an appointment for monday",
            "an appointment please",
            "book an appointment",
            "make an appointment",
            "a new appointment",
            "i need to see a doctor",
            "can i come in and see the doctor",
            "i want to schedule a visit",
            "i need a check up",
            "i need an appointment for a vaccination",
            "i need an appointment for my back pain",
            "i have a sore throat",
            "my child is sick",
            "my back hurts",
            "i have a fever",
            "book me in please",
            "i take the one at half past ten",
            "i would like the one at nine o'clock",
            "ten thirty would be fine",
            "two o'clock suits me",
            "that time suits me",
        ),
        tool=appointments.book_appointment,
        asks={
            "day": "Sure. Which day would you like to come?",
            "time": "At what time? We are open from nine to twelve and from half past one to five.",
            "name": "What is your first and last name?",
            "date_of_birth": "And what is your date of birth?",
            "confirmed": (
                "So that is {day} at {time} for {name}, born {date_of_birth}. Shall I book it?"
            ),
        },
    ),
    Topic(
        says=(
            "what times are free",
            "which times are free on monday",
            "when do you have a free time",
            "when is the next free appointment",
            "what is the first free appointment",
            "what is the earliest you have",
            "as early as possible please",
            "as soon as possible",
            "when can i see the doctor",
            "do you have anything on wednesday",
            "do you have something in the morning",
            "do you have anything free next week",
            "is there anything free on friday afternoon",
            "what is available",
            "do you have any in the afternoon",
            "when are you free",
            "when can i come",
        ),
        tool=appointments.find_slots,
    ),
    Topic(
        says=(
            "i need to move my appointment",
            "can i move my appointment to another day",
            "i would like to change my appointment",
            "change the time of my appointment",
            "i have to reschedule",
            "can i come at another time",
            "i can't make it to my appointment",
            "can we postpone my appointment",
            "move it to monday",
            "can i come on friday instead",
            "something came up and i can't come",
            "reschedule",
            "a different day for my appointment",
        ),
        tool=appointments.move_appointment,
        asks={
            "name": "I can move it. What is your first and last name?",
            "date_of_birth": "And what is your date of birth?",
            "day": "To which day shall I move it?",
            "time": "At what time?",
            "confirmed": (
                "So I move the appointment of {name} to {day} at {time}. Shall I do that?"
            ),
        },
    ),
    Topic(
        says=(
            "i want to cancel my appointment",
            "i need to cancel my appointment",
            "i would like to cancel an appointment",
            "please cancel my appointment",
            "can you cancel my appointment",
            "i don't need my appointment any more",
            "i am not coming to my appointment",
            "take my appointment off the book",
        ),
        tool=appointments.cancel_appointment,
        asks={
            "name": "I can cancel it. What is your first and last name?",
            "date_of_birth": "And what is your date of birth?",
            "confirmed": (
                "So I cancel the next appointment of {name}, born {date_of_birth}. Is that right?"
            ),
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
            "connect me to the front desk",
            "put me through to a nurse",
            "i want to speak to the doctor",
            "can somebody call me back",
        ),
        tool=handoff.to_a_person,
    ),
    Topic(
        says=(
            "when are you open",
            "what are your opening hours",
            "what are your hours",
            "how long are you open today",
            "are you open on saturday",
            "do you open at the weekend",
            "when do you close",
            "opening hours",
        ),
        reply=OPENING_HOURS,
    ),
    Topic(
        says=(
            "what can i take for a headache",
            "which medicine should i take",
            "can i take this medicine twice a day",
            "is it dangerous",
            "what does this rash mean",
            "how do i treat a cold",
            "i have a medical question",
            "can you give me advice",
            "i need a new prescription",
            "can you renew my prescription",
            "are my test results back",
            "what were the results of my blood test",
            "how much does a visit cost",
            "do you take my insurance",
        ),
        reply=(
            "I am sorry, I can only help with appointments. "
            "For that, please ask me for a person, and I will get you one."
        ),
    ),
    Topic(
        says=(
            "goodbye",
            "bye",
            "thank you goodbye",
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

# What `switchboard call receptionist` says, and what it wants to hear.
SAMPLE_CALL = (
    Line("can i book an appointment", expect="day"),
    # A coming Wednesday is in the book whatever day it is today; two o'clock starts free.
    Line("on wednesday please", expect="time|open|twelve"),
    Line("two o'clock please", expect="name"),
    Line("my name is paul allen", expect="birth|born"),
    Line(
        "february eleventh nineteen eighty one",
        expect="(?=.*paul)(?=.*(two|2|14))(?=.*(one|81))",
    ),
    Line("yes please", expect="booked"),
    Line("no that is all", expect="bye"),
)

bot = as_bot(
    receptionist,
    greeting=GREETING,
    topics=TOPICS,
    phrases=PHRASES,
    sample_call=SAMPLE_CALL,
    faq=FAQ,
)

if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
