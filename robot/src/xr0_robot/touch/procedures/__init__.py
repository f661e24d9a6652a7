"""What a hand does with what it feels, tick by tick, and who writes the command meanwhile."""
