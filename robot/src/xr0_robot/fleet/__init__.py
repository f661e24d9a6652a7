"""One person, many robots: what each robot says of itself, who needs a human, and what the human orders."""
