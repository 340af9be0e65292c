"""A browser's audio: packets in their order, decoded and encoded where they pass."""
