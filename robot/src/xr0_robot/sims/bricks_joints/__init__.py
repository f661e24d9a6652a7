"""The brick table with another robot: five joints, told their angles, and other cameras."""
