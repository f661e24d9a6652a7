"""The brain of XR-0: model, data, training, engine, server, evaluation."""
