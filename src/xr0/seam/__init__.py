"""RT-Seam: how smooth and how quick a method of real-time execution is, when thinking takes time."""
