"""One Env per robot."""
