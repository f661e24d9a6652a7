"""LIBERO (arXiv 2306.03310): 130 tasks of a Panda arm, and LIBERO-PRO's perturbed ones."""
