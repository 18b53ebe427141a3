"""Draws training pets in memory and trains the tiny net on one CPU core, in about six minutes.

Everything is seeded, on one thread and with deterministic algorithms: two runs on the same kind of machine with the
same versions of torch, Pillow and NumPy give the same tensors, whose SHA-256 is printed last (the file itself is
compared by tensors, not bytes). Training pictures have other seeds than the demo's test pictures, and another
compression: JPEG of quality 90. The test pictures are only drawn to print how the net does on them.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from reportgen.demo.tiny_net import tiny_net
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.reading import decoded
from tools.demo.pictures import N_TEST, pet_of, webp
from tools.demo.traits import Traits, read_traits

VIEW = Preprocessing(resize_px=128, crop_px=128, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
SEED = 20260
BATCH = 48
N_TRAIN, N_EPOCHS = 90, 14


def drawn(breeds: Mapping[str, Traits], *, split: str, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(pictures (K n, 3, 128, 128) uint8, targets (K n,)), by breed, `n` of each, as the pipeline would read them."""
    encoded = webp if split == "test" else jpeg
    pictures, targets = [], []
    for target, (breed, traits) in enumerate(breeds.items()):
        for number in range(1, n + 1):
            image = pet_of(breed, traits, split=split, number=number).image
            pictures.append(VIEW.cropped(decoded(encoded(image))))
            targets.append(target)
    return torch.stack(pictures), torch.tensor(targets)


def jpeg(image: Image.Image) -> bytes:
    """A training picture as a camera would store it."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def varied(pictures: torch.Tensor) -> torch.Tensor:
    """Each picture of the batch mirrored or not, shifted by up to 8 px and lighter or darker; uint8 to model input."""
    padded = nn.functional.pad(pictures.float(), (8, 8, 8, 8), mode="replicate")
    size = pictures.shape[-1]
    rows = []
    for picture in padded:
        down, right, mirror = (int(torch.randint(high, ())) for high in (17, 17, 2))
        crop = picture[:, down : down + size, right : right + size]
        rows.append(crop.flip(2) if mirror else crop)
    light = 1 + 0.12 * (2 * torch.rand(len(rows), 1, 1, 1) - 1)
    return VIEW.normalised((torch.stack(rows) * light).clamp(0, 255))


def trained(pictures: torch.Tensor, targets: torch.Tensor, n_epochs: int) -> nn.Module:
    """The net after `n_epochs` of AdamW with a one-cycle rate; in evaluation mode."""
    model = tiny_net().to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    n_steps = -(-len(targets) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 8e-3, epochs=n_epochs, steps_per_epoch=n_steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(1, n_epochs + 1):
        total = 0.0
        for rows in torch.split(torch.randperm(len(targets)), BATCH):
            loss = loss_of(model(varied(pictures[rows])), targets[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch} of {n_epochs}: loss {total / n_steps:.3f}")
    return model.eval()


def print_errors(model: nn.Module, breeds: Mapping[str, Traits]) -> None:
    """Prints the accuracy on the demo's test pictures and every confused pair, the most confused first."""
    pictures, targets = drawn(breeds, split="test", n=N_TEST)
    with torch.inference_mode():
        preds = torch.cat([model(VIEW.normalised(batch)).argmax(dim=1) for batch in torch.split(pictures, 64)])
    names = list(breeds)
    pairs = Counter((names[true], names[pred]) for true, pred in zip(targets, preds, strict=True) if true != pred)
    print(f"test accuracy {(preds == targets).float().mean():.3f} of {len(targets)} pictures")
    for (true, pred), n in pairs.most_common():
        crossed = "  another species" if breeds[true].species != breeds[pred].species else ""
        print(f"{n:3d}  {true} as {pred}{crossed}")


def tensors_sha256(state: Mapping[str, torch.Tensor]) -> str:
    """One hash over names and values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + np.ascontiguousarray(state[name].numpy()).tobytes())
    return digest.hexdigest()


def write_checkpoint(path: Path, *, n_train: int = N_TRAIN, n_epochs: int = N_EPOCHS) -> None:
    """Draws `n_train` pictures a breed, trains, saves to `path`, and prints what came of it."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    breeds = read_traits()
    model = trained(*drawn(breeds, split="trainval", n=n_train), n_epochs)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    torch.save(_content(breeds, state, n_epochs), path)
    print_errors(model, breeds)
    print(f"{path}: {path.stat().st_size} bytes, SHA-256 of the tensors {tensors_sha256(state)}")


def _content(breeds: Mapping[str, Traits], state: dict[str, torch.Tensor], n_epochs: int) -> dict[str, object]:
    return {
        "arch": "reportgen.demo.tiny_net:tiny_net",
        "classes": list(breeds),
        "species": {breed: traits.species for breed, traits in breeds.items()},
        "preprocessing": {
            "resize": VIEW.resize_px,
            "crop": VIEW.crop_px,
            "mean": list(VIEW.mean),
            "std": list(VIEW.std),
            "interpolation": VIEW.interpolation,
        },
        "target_layer": "features",
        "epoch": n_epochs,
        "state_dict": state,
    }
