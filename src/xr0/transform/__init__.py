"""Numbers and pictures into the model's space and back; the same objects in training and serving."""
