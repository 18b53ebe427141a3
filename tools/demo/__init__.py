"""Draws the demo's pets and trains its net: `python -m tools.demo`."""
