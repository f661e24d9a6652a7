"""What touch is spoken about in: pads, shapes, poses, increments, the read-out chain. numpy only; brain and
body use it.

Lengths in mm, forces in N, angles in rad inside vectors and in degrees where a name ends in `_deg`. A pose is
a homogeneous matrix [4, 4]: where the object is, seen from the gripper. In the gripper's frame x is the
closing axis.
"""
