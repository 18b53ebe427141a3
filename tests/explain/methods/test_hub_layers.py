"""Grad-CAM's layer in the classifiers of transformers: where the map is pooled, or before the last attention."""

import pytest
import torch

from reportgen.explain.methods.target_layers import tapped, target_layer
from reportgen.inputs.models.adapted import adapted
from reportgen.inputs.models.output_reading import Reading

transformers = pytest.importorskip("transformers", reason="NOT RUN: transformers is not installed")
TOKENS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "patch_size": 8}
# model type: its settings for 32 x 32 px, a word of the layer's path, (rows, columns) of the map by construction.
MODELS = {
    "resnet": ({"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}, "resnet.encoder", (4, 4)),
    "regnet": ({"embedding_size": 8, "hidden_sizes": [8, 8], "depths": [1, 1], "groups_width": 8}, "regnet", (4, 4)),
    "convnext": ({"hidden_sizes": [8, 8], "depths": [1, 1], "num_stages": 2}, "convnext.encoder.stages.1", (4, 4)),
    "mobilenet_v2": ({}, "mobilenet_v2", None),
    "swin": ({"embed_dim": 8, "depths": [1], "num_heads": [2], "window_size": 4, "image_size": 32}, "swin", (8, 8)),
    "vit": ({**TOKENS, "image_size": 32}, "layers.1.", (4, 4)),
    "beit": ({**TOKENS, "image_size": 32}, "layers.1.", (4, 4)),
    "dinov2": ({**TOKENS, "image_size": 32}, ".1.norm1", (4, 4)),
}


@pytest.mark.parametrize("kind", MODELS)
def test_the_layer_is_found_and_the_logits_depend_on_every_place_of_its_map(kind):
    settings, part, grid = MODELS[kind]
    size = 64 if kind == "mobilenet_v2" else 32
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(kind, num_labels=3, **settings)
    net = transformers.AutoModelForImageClassification.from_config(config).eval()
    model = adapted(net, Reading(n_columns=3, steps=("logits",)))
    example = torch.randn(1, 3, size, size)
    layer = target_layer(model, None, example)
    assert part in layer.path
    logits, tap = tapped(layer.module, lambda: model(example))
    (gradient,) = torch.autograd.grad(logits[0, 0], tap)
    found = layer.as_nchw(gradient, (size, size))
    assert grid is None or tuple(found.shape[2:]) == grid
    assert (found.abs().sum(dim=1) > 0).all()
