"""Models as users have them, right by construction: the logits are 20 times the mean of the red, green and blue channel.

Pictures are one colour each; with mean 0.5 and std 0.5 a red one, (230, 30, 30), is (0.804, -0.765, -0.765) all over, so
its logits are 20 (x + 1) of that: (36.08, 4.71, 4.71). The class is the brightest channel whatever the numbers are.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from PIL import Image
from torch import nn

NAMES = ("red", "green", "blue")
TINT = {"red": (230, 30, 30), "green": (30, 230, 30), "blue": (30, 30, 230)}


class Output(NamedTuple):
    logits: torch.Tensor
    aux_logits: torch.Tensor


class Colours(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1, bias=False)
        self.conv.weight.data = torch.eye(3).view(3, 3, 1, 1)
        self.fc = nn.Linear(3, num_classes, bias=False)
        self.fc.weight.data = 20 * torch.eye(3)[:num_classes]

    def forward(self, x):
        return self.read(self.fc(torch.relu(self.conv(x) + 1).mean((2, 3))))

    def read(self, logits):
        return logits


def kind(name, read):
    """A class of such models whose outputs are what `read` makes of the logits."""
    made = type(name, (Colours,), {"read": lambda self, logits: read(logits)})
    globals()[name] = made
    return made


@dataclass
class Scores:
    loss: object
    logits: torch.Tensor


kind("Plain", lambda z: z)
kind("Tuple", lambda z: (z, z[:, :1]))
kind("FeaturesFirst", lambda z: (torch.cat([z, z], 1), z))
kind("List", lambda z: [z])
kind("LossFirst", lambda z: (z.sum(), z))
kind("Dictionary", lambda z: {"aux": z * 0, "out": z})
kind("Named", lambda z: Output(z, z * 0))
kind("Dataclass", lambda z: Scores(None, z))
kind("Nested", lambda z: {"loss": None, "output": (z, [])})
kind("PixelShaped", lambda z: z[:, :, None, None])
kind("Squeezed", lambda z: z.squeeze())
kind("Softmax", lambda z: z.softmax(1))
kind("LogSoftmax", lambda z: z.log_softmax(1))
kind("Sigmoids", lambda z: (z - 20).sigmoid())
kind("Double", lambda z: z.double())


class ByView(Colours):
    """Flattens by view, which channels_last does not bear."""

    def __init__(self, num_classes=3):
        super().__init__()
        self.fc = nn.Linear(48, num_classes, bias=False)
        self.fc.weight.data = 1.25 * torch.eye(3).repeat_interleave(16, 1)

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(torch.relu(self.conv(x) + 1), 4)
        return self.fc(x.view(x.size(0), -1))


class ByMemory(Colours):
    """Reads the numbers as they lie in memory: in channels_last it runs and gives something else."""

    def forward(self, x):
        x = torch.relu(self.conv(x) + 1)
        lain = torch.as_strided(x, (len(x), 3, x[0, 0].numel()), (x[0].numel(), x[0, 0].numel(), 1), 0)
        return self.fc(lain.mean(2))


class OneAtATime(Colours):
    def forward(self, x):
        return super().forward(x.view(1, 3, *x.shape[2:]))


class InPlace(Colours):
    def forward(self, x):
        return super().forward(x.mul_(1.0).add_(0.1))


class Frozen(Colours):
    def forward(self, x):
        with torch.no_grad():
            features = torch.relu(self.conv(x) + 1).mean((2, 3))
        return self.fc(features)


class HalfInside(Colours):
    """Runs in bfloat16 alone: its forward casts what its weights then must be."""

    def __init__(self, num_classes=3):
        super().__init__(num_classes)
        self.bfloat16()

    def forward(self, x):
        return super().forward(x.to(torch.bfloat16))


class DoubleWeights(Colours):
    def __init__(self, num_classes=3):
        super().__init__(num_classes)
        self.double()


class BatchStatistics(Colours):
    """Left in training mode by its own forward: the rows depend on each other."""

    def __init__(self, num_classes=3):
        super().__init__(num_classes)
        self.norm = nn.BatchNorm2d(3, affine=False, track_running_stats=False)

    def forward(self, x):
        return self.fc(self.norm(x).mean((2, 3)) + self.conv(x).mean((2, 3)))


class DropsOut(Colours):
    def forward(self, x):
        return self.fc(nn.functional.dropout(torch.relu(self.conv(x) + 1).mean((2, 3)), 0.5, training=True))


class Counts(Colours):
    """Keeps a state between calls that its scores depend on."""

    calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(x) * self.calls


class Grey(nn.Module):
    """Bright or dark, from one channel."""

    def __init__(self, num_classes=2):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1, bias=False)
        self.conv.weight.data.fill_(1.0)
        self.fc = nn.Linear(1, num_classes, bias=False)
        self.fc.weight.data = torch.tensor([[5.0], [-5.0]])

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))


class OneOutput(Colours):
    """The logit of green against red."""

    def __init__(self, num_classes=1):
        super().__init__()
        self.fc = nn.Linear(3, 1, bias=False)
        self.fc.weight.data = torch.tensor([[-10.0, 10.0, 0.0]])


class OneSigmoid(OneOutput):
    def read(self, logits):
        return logits.sigmoid()[:, 0]


class OneSoftmax(OneOutput):
    def read(self, logits):
        return logits.softmax(1)


class FourChannels(Colours):
    def __init__(self, num_classes=3):
        super().__init__()
        self.conv = nn.Conv2d(4, 3, 1)


class TwoInputs(Colours):
    def forward(self, x, meta):
        return super().forward(x) + meta


class WantsADictionary(Colours):
    def forward(self, x):
        return super().forward(x["image"])


class OfOneSize(Colours):
    """Takes 32 x 48 px alone."""

    def __init__(self, num_classes=3):
        super().__init__()
        self.fc = nn.Linear(3 * 32 * 48, num_classes)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))


def raising(error):
    class Raises(Colours):
        def forward(self, x):
            raise error

    return Raises


AssertionFails = raising(AssertionError())
KeyFails = raising(KeyError("stage4"))
Exits = raising(SystemExit("usage: train.py"))
Stops = raising(StopIteration())

kind("Segmentation", lambda z: z[:, :, None, None].expand(-1, -1, 4, 4))
kind("ClassNumbers", lambda z: z.argmax(1))
kind("Nothing", lambda z: None)
kind("Text", lambda z: "red")
kind("NotFinite", lambda z: z * float("nan"))


def pictures(root, names=NAMES, n=2, size=(40, 40)):
    """root/NAME/K.png, each of its colour."""
    for name in names:
        (root / name).mkdir(parents=True)
        for k in range(n):
            Image.new("RGB", size, TINT[name]).save(root / name / f"{k}.png")
    return root


def as_inputs(names=NAMES, size=(32, 32)):
    """(N, 3, h, w): the pictures as the model sees them with mean 0.5 and std 0.5."""
    rows = [torch.tensor(TINT[name]) / 127.5 - 1 for name in names]
    return torch.stack(rows)[:, :, None, None].expand(-1, -1, *size).contiguous()


def saved(path, made, **more):
    torch.save({"classes": list(NAMES), "state_dict": made.state_dict(), **more}, path)
    return path


def always_three():
    return Colours(3)


class FailsLate(Colours):
    """Fails on pictures of which a part is painted over with the mean colour, as deletion curves do."""

    def forward(self, x):
        if bool((x == 0).any() and (x != 0).any()):
            raise KeyError("late")
        return super().forward(x)
