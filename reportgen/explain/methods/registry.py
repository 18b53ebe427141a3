"""The names of the attribution methods we have, and where each is; nothing is imported to know them."""

from collections.abc import Mapping
from types import MappingProxyType

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "grad_cam": "reportgen.explain.methods.grad_cam:grad_cam_method",
        "contrast": "reportgen.explain.methods.grad_cam:contrast_method",
        "smooth_grad": "reportgen.explain.methods.smooth_grad:smooth_grad_method",
        "vanilla_grad": "reportgen.explain.methods.gradients:vanilla_grad",
        "saliency": "reportgen.explain.methods.gradients:saliency",
        "grad_x_input": "reportgen.explain.methods.gradients:grad_x_input",
        "integrated_gradients": "reportgen.explain.methods.gradients:integrated_gradients",
        "deep_lift": "reportgen.explain.methods.backprop_rules:deep_lift",
        "lrp": "reportgen.explain.methods.backprop_rules:lrp",
        "guided_backprop": "reportgen.explain.methods.backprop_rules:guided_backprop",
        "deconv": "reportgen.explain.methods.backprop_rules:deconv",
        "occlusion": "reportgen.explain.methods.perturbation:occlusion",
        "lime": "reportgen.explain.methods.perturbation:lime",
    }
)
OF_OUTPUTS = frozenset({"occlusion", "lime"})  # these ask for outputs alone, which every model gives
STAND_IN = "occlusion"  # drawn where no method that was asked for holds
DEFAULT_METHODS = ("grad_cam", "contrast", "smooth_grad")
