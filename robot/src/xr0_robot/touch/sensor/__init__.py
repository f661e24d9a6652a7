"""The vocabulary of touch that brain and body share: pads, shapes, poses, increments, read-out. numpy only.

Lengths in mm, forces in N, angles in rad inside vectors and in degrees where a name ends in `_deg`. A pose is
a homogeneous matrix [4, 4]: where the object is, seen from the gripper. In the gripper's frame x is the
closing axis.
"""
