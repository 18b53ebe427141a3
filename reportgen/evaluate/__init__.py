"""Stage 2, evaluate: the model on every image. Front door: `evaluation.evaluate`, which returns `Predictions`."""
