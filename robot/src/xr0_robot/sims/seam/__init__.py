"""RT-Seam's worlds: small tasks that need both a plan and an eye on the world, run by the thousand."""
