"""The brick table: one arm, four bricks, two bins, a sentence."""
