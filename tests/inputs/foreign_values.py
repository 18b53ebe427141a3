"""Classes that a training script defines: a checkpoint may hold their members, and the program cannot import them."""

import enum


class Phase(enum.Enum):
    WARM_UP = "warm-up"


class Level(enum.IntEnum):
    HIGH = 3


class Mode(enum.Flag):
    A = 1
    B = 2


class Plain:
    """No enum."""

    def __init__(self, value):
        self.value = value


def function(value):
    return value
