"""Recording: demonstrations as LeRobot datasets and vision-language conversations."""
