"""One small member of each classification family of torchvision, with random weights."""

import torch
import torchvision

# (crop in px, cells of its last feature map a side: the crop over the stride, 32 for most; 16 for VGG and, with their
# unpadded pools, AlexNet and SqueezeNet)
FAMILIES = {
    "alexnet": (64, 3),
    "convnext_tiny": (64, 2),
    "densenet121": (64, 2),
    "efficientnet_b0": (64, 2),
    "efficientnet_v2_s": (64, 2),
    "googlenet": (64, 2),
    "inception_v3": (75, 1),
    "maxvit_t": (224, 7),
    "mnasnet0_5": (64, 2),
    "mobilenet_v2": (64, 2),
    "mobilenet_v3_small": (64, 2),
    "regnet_y_400mf": (64, 2),
    "resnet18": (64, 2),
    "shufflenet_v2_x0_5": (64, 2),
    "squeezenet1_1": (64, 3),
    "swin_t": (64, 2),
    "swin_v2_t": (64, 2),
    "vgg11": (64, 4),
    "vit_b_32": (224, 7),
}


def built(name, **options):
    """The model in eval mode, frozen, with 5 outputs; the same weights each time."""
    if name in ("googlenet", "inception_v3", "vgg11"):
        options["init_weights"] = False
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, num_classes=5, **options).eval().requires_grad_(False)
    if name == "vit_b_32":  # torchvision sets a ViT's head to zero, which would make every gradient zero
        torch.nn.init.normal_(model.heads.head.weight)
    return model
