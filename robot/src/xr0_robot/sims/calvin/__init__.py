"""CALVIN: a table with a drawer, a slider, a switch, a button and blocks; five sentences in a row."""
