"""Stage 2, evaluate: the model on every image. Front door: `predictions.evaluate`, which returns `Predictions`."""
