"""What of the bot's words the caller has heard, and the memory that holds these and no others."""
