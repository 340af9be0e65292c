"""What was heard in a call, as sound: two tracks on the call's clock, kept on disk."""
