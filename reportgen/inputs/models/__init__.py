"""Models: from an architecture's name or a saved program to a module whose outputs are logits."""
