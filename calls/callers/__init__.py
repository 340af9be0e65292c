"""What a bot remembers of a caller from one call to the next, where it is told to."""
