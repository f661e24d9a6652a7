"""What is measured without a robot: latency and its floors, parity with golden tensors."""
