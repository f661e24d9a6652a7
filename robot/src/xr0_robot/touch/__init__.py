"""The fingertips on a robot: the sensor, the procedures that finish a grasp, their simulators and benches."""
