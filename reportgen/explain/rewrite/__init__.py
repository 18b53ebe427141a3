"""Private copies of a model, rewritten for a method: isolated, fused, or with a rule of LRP for every step."""
