"""Checkpoints: the files of trained weights, read without running anything that they contain. One module a format."""

from reportgen.inputs.checkpoints.checkpoint import Checkpoint
from reportgen.inputs.checkpoints.fitting import Fitted, fitted
from reportgen.inputs.checkpoints.kinds import FileFormat, file_format_of
from reportgen.inputs.checkpoints.reading import read_checkpoint

__all__ = ["Checkpoint", "FileFormat", "Fitted", "file_format_of", "fitted", "read_checkpoint"]
