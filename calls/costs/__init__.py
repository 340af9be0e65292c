"""What a call costs in money."""
