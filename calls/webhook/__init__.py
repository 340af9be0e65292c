"""Telling another system that a call is over."""
