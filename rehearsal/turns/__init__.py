"""A caller whose call is timed turn by turn, and the bots of others that it is held with."""
