"""Draws training pets and trains the tiny net: `python -m reportgen.demo.train --out reportgen/demo/tiny_net.pt`.

Takes about five minutes on one core. Seeded and single-threaded: a second run on the same machine and versions gives
the same tensors, which the printed hash shows. The test pictures of the demo have other keys and are not seen here.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import nn

from reportgen.demo.scene import photograph
from reportgen.demo.tiny_net import tiny_net
from reportgen.demo.traits import Traits, read_traits

CROP_PX = 160
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


def drawn(breeds: dict[str, Traits], n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(pictures (37 n, 3, 160, 160) uint8, class numbers), drawn at 224 px and scaled down like the demo's."""
    pictures, labels = [], []
    for number, (breed, traits) in enumerate(breeds.items()):
        for index in range(n):
            picture, _ = photograph(breed, traits, key=f"train-{index}", px=224)
            pictures.append(torch.from_numpy(np.array(picture.resize((CROP_PX, CROP_PX)))).permute(2, 0, 1))
            labels.append(number)
    return torch.stack(pictures), torch.tensor(labels)


def normalised(pictures: torch.Tensor) -> torch.Tensor:
    """uint8 to the model's input."""
    return (pictures.float() / 255 - MEAN[0]) / STD[0]


def trained(pictures: torch.Tensor, labels: torch.Tensor, n_epochs: int) -> nn.Module:
    """The net after `n_epochs` of AdamW with a one-cycle rate and mirrored pictures."""
    model = tiny_net().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.02)
    batch = 64
    n_steps = -(-len(labels) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, epochs=n_epochs, steps_per_epoch=n_steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(n_epochs):
        order = torch.randperm(len(labels))
        total = 0.0
        for rows in torch.split(order, batch):
            inputs = normalised(pictures[rows])
            inputs = torch.where(torch.rand(len(rows), 1, 1, 1) < 0.5, inputs.flip(3), inputs)
            loss = loss_of(model(inputs.contiguous(memory_format=torch.channels_last)), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {n_epochs}: loss {total / n_steps:.3f}", flush=True)  # noqa: T201
    return model.eval()


def main() -> None:
    """Trains and saves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n-train", type=int, default=64, help="pictures a breed")
    parser.add_argument("--n-epochs", type=int, default=12)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    breeds = dict(read_traits())
    model = trained(*drawn(breeds, options.n_train), options.n_epochs)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    content = {
        "arch": "reportgen.demo.tiny_net:tiny_net",
        "classes": list(breeds),
        "species": {breed: traits.species for breed, traits in breeds.items()},
        "preprocessing": {
            "resize": CROP_PX,
            "crop": CROP_PX,
            "mean": list(MEAN),
            "std": list(STD),
            "interpolation": "bilinear",
        },
        "target_layer": "features",
        "epoch": options.n_epochs,
        "state_dict": state,
    }
    torch.save(content, options.out)
    digest = hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in state.values())).hexdigest()
    print(f"{options.out}: {options.out.stat().st_size / 1e3:.0f} kB, SHA-256 of the tensors {digest}")  # noqa: T201


if __name__ == "__main__":
    main()
