"""The names of the attribution methods we have, and where each is; nothing is imported to know them."""

from collections.abc import Mapping
from types import MappingProxyType

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "grad_cam": "reportgen.explain.methods.grad_cam:GRAD_CAM",
        "contrast": "reportgen.explain.methods.grad_cam:CONTRAST",
        "smooth_grad": "reportgen.explain.methods.smooth_grad:SMOOTH_GRAD",
        "vanilla_grad": "reportgen.explain.methods.gradients:VANILLA_GRAD",
        "saliency": "reportgen.explain.methods.gradients:SALIENCY",
        "grad_x_input": "reportgen.explain.methods.gradients:GRAD_X_INPUT",
        "integrated_gradients": "reportgen.explain.methods.gradients:INTEGRATED_GRADIENTS",
        "deep_lift": "reportgen.explain.methods.backprop_rules:DEEP_LIFT",
        "lrp": "reportgen.explain.methods.backprop_rules:LAYERWISE_RELEVANCE",
        "guided_backprop": "reportgen.explain.methods.backprop_rules:GUIDED_BACKPROP",
        "deconv": "reportgen.explain.methods.backprop_rules:DECONV",
        "occlusion": "reportgen.explain.methods.perturbation:OCCLUSION",
        "lime": "reportgen.explain.methods.perturbation:LIME",
    }
)
STAND_IN = "occlusion"  # drawn where no method that was asked for holds
DEFAULT_METHODS = ("grad_cam", "contrast", "smooth_grad")
