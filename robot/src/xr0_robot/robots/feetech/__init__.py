"""Arms of Feetech STS servos on one serial bus, such as LeRobot's SO-100 and SO-101."""
