"""SimplerEnv: a WidowX arm before a photograph of its real table; four tasks of one thing and one place."""
