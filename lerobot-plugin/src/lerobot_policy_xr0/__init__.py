"""XR-0 as a policy of LeRobot, which imports this package for its name, and its modules for theirs."""

from lerobot_policy_xr0.configuration_xr0 import XR0Config

__all__ = ["XR0Config"]
