"""Sounds that callers let hear while a bot speaks, each with what it is."""
