"""Checkpoints: the files of trained weights, read without running anything that they contain. One module a format."""

from reportgen.inputs.checkpoints.checkpoint import Checkpoint
from reportgen.inputs.checkpoints.reading import read_checkpoint

__all__ = ["Checkpoint", "read_checkpoint"]
