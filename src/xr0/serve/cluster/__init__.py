"""Replicas of a served policy behind Ray Serve, which the extra `xr0[ray]` brings."""
