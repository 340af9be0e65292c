"""How well barge-in is told from what is none, against others."""
