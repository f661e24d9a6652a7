"""What a hand does with what it feels: refinement procedures, and the arbiter between them and the policy."""
