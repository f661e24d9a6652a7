"""The body of XR-0: wire client, executor, safety, robots, simulators. Never imports torch."""
