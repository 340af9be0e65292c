"""A long call: what the language model is sent of it stays under a set size."""
