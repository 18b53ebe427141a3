"""Five breeds in the true Oxford-IIIT Pet layout and a net with hand-set weights: every error is built in.

Each picture is a grey ground (128, 128, 128) of 48 x 48 px with one square patch of 16 x 16 px, the "animal", whose
place and colour are known. The net has one 1x1 convolution with a detector per breed colour and a linear head; a patch
of breed colour k lights detector k alone, so the class is the colour of the patch.

    detector_k = ReLU(w_k . x - b_k),  x in [-1, 1]^3 (mean 0.5, std 0.5), w_k = sign pattern of colour k, b_k = 1.5

Colours are corners of the RGB cube, so w_k . x = 3 for the own colour, at most 1 for another corner, and about 0 for
grey: after b_k = 1.5 only the own colour is left, with the value 1.5 on the patch and 0 elsewhere.

Global average pooling makes 1.5 * 16 * 16 / (48 * 48) = 1/6 of it, the head (20 times the identity) a logit of 10/3 for
the colour's breed and 0 for the others: LOGIT below. The gradient of a breed's logit is the same everywhere, so the
heat of Grad-CAM on `features` is the detector's map: all of it on the patch. The convolution is frozen, as in a model
whose backbone was not trained.
"""

from pathlib import Path

import torch
from PIL import Image
from torch import nn

BREEDS = ("Abyssinian", "Bengal", "Egyptian_Mau", "boxer", "pug")
SPECIES = {"Abyssinian": "cat", "Bengal": "cat", "Egyptian_Mau": "cat", "boxer": "dog", "pug": "dog"}
COLOURS = {
    "Abyssinian": (255, 0, 0),
    "Bengal": (0, 255, 0),
    "Egyptian_Mau": (0, 0, 255),
    "boxer": (255, 255, 0),
    "pug": (255, 0, 255),
}
N_IMAGES = 10
SIZE_PX, PATCH_PX = 48, 16
PATCH_AT = (8, 24)  # left, top
# (breed, image number) drawn with another breed's colour: 3 Bengals as Maus, 1 Mau as Bengal, 1 cat as dog.
DISGUISED = {
    ("Bengal", 1): "Egyptian_Mau",
    ("Bengal", 2): "Egyptian_Mau",
    ("Bengal", 3): "Egyptian_Mau",
    ("Egyptian_Mau", 1): "Bengal",
    ("Abyssinian", 1): "boxer",
}
LOGIT = 10 / 3  # of the class whose colour the patch has; every other logit is 0
N_TRAINVAL = 2  # undisguised pictures a breed beside the N_IMAGES of the test split
EXPECTED_CONFUSION = [  # rows true, columns predicted, in the order of BREEDS
    [9, 0, 0, 1, 0],
    [0, 7, 3, 0, 0],
    [0, 1, 9, 0, 0],
    [0, 0, 0, 10, 0],
    [0, 0, 0, 0, 10],
]


def picture(breed: str) -> Image.Image:
    """A grey picture with the patch of `breed`."""
    image = Image.new("RGB", (SIZE_PX, SIZE_PX), (128, 128, 128))
    image.paste(COLOURS[breed], (*PATCH_AT, PATCH_AT[0] + PATCH_PX, PATCH_AT[1] + PATCH_PX))
    return image


def write_five_breeds(root: Path) -> Path:
    """Writes root/oxford-iiit-pet: images/, and annotations/ with list.txt, test.txt, trainval.txt and trimaps/.

    The pictures are PNG by content and .jpg by name, as some of Oxford's own are not JPEG; so their colours are exact.
    """
    folder = root / "oxford-iiit-pet"
    (folder / "images").mkdir(parents=True)
    (folder / "annotations" / "trimaps").mkdir(parents=True)
    lines: dict[str, list[str]] = {"test": [], "trainval": []}
    for number, breed in enumerate(BREEDS, start=1):
        for index in range(1, N_IMAGES + N_TRAINVAL + 1):
            image = picture(DISGUISED.get((breed, index), breed))
            image.save(folder / "images" / f"{breed}_{index}.jpg", format="PNG")
            trimap().save(folder / "annotations" / "trimaps" / f"{breed}_{index}.png")
            line = f"{breed}_{index} {number} {1 if SPECIES[breed] == 'cat' else 2} {number}"
            lines["test" if index <= N_IMAGES else "trainval"].append(line)
    for name, listed in {**lines, "list": lines["test"] + lines["trainval"]}.items():
        header = "#Image CLASS-ID SPECIES BREED ID\n"
        (folder / "annotations" / f"{name}.txt").write_text(header + "\n".join(listed) + "\n")
    return root


def trimap() -> Image.Image:
    """Oxford's coding: 1 the animal, 2 the ground."""
    image = Image.new("L", (SIZE_PX, SIZE_PX), 2)
    image.paste(1, (*PATCH_AT, PATCH_AT[0] + PATCH_PX, PATCH_AT[1] + PATCH_PX))
    return image


class HandNet(nn.Module):
    """The net of the module docstring; outputs in the order of `order`."""

    def __init__(self, num_classes: int = len(BREEDS)) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, num_classes, 1), nn.ReLU())
        self.features.requires_grad_(False)
        self.head = nn.Linear(num_classes, num_classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(inputs).mean(dim=(2, 3)))


def hand_net(num_classes: int = len(BREEDS)) -> nn.Module:
    """The factory for --arch."""
    return HandNet(num_classes)


def hand_weights(order: tuple[str, ...] = BREEDS) -> dict[str, torch.Tensor]:
    """The weights, with the outputs in the order given."""
    signs = torch.tensor([[1.0 if part else -1.0 for part in COLOURS[breed]] for breed in order])
    return {
        "features.0.weight": signs.view(len(order), 3, 1, 1),
        "features.0.bias": torch.full((len(order),), -1.5),
        "head.weight": torch.eye(len(order)) * 20,
        "head.bias": torch.zeros(len(order)),
    }


def hand_checkpoint(path: Path, order: tuple[str, ...] = BREEDS, **changed: object) -> Path:
    """Saves the net with all that a checkpoint can carry; `changed` replaces or (None) removes entries."""
    content: dict[str, object] = {
        "classes": list(order),
        "species": SPECIES,
        "preprocessing": {"resize": SIZE_PX, "crop": SIZE_PX, "mean": [0.5] * 3, "std": [0.5] * 3},
        "target_layer": "features",
        "state_dict": hand_weights(order),
    } | changed
    torch.save({key: value for key, value in content.items() if value is not None}, path)
    return path


write_hand_weighted_checkpoint = hand_checkpoint
