"""The level at which a difference counts as significant: a number alone, for texts that need no statistics."""

SIGNIFICANCE = 0.05
