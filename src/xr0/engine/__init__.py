"""How fast it runs, and how fast it could."""
