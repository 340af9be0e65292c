"""Whether a caller who makes a sound while the bot speaks wants the floor, and the bot's pause."""
