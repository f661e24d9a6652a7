"""The model: a VLM's memory, a diffusion transformer, flow matching, Choice Policies."""
