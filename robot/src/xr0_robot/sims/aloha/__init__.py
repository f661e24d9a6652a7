"""ALOHA's two simulated tasks (arXiv 2304.13705): two ViperX arms, fourteen joints, by gym-aloha."""
