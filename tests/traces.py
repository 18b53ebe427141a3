"""Shows whether something left a trace on a model."""

import hashlib

import torch


def state_of(model):
    """Everything that a diagnostic could leave changed: weights, flags, hooks, device."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
    hooks = sum(
        len(getattr(module, name))
        for module in model.modules()
        for name in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    )
    return (
        digest.hexdigest(),
        hooks,
        [module.training for module in model.modules()],
        [(p.requires_grad, p.grad is None, str(p.device)) for p in model.parameters()],
        [name for name, _ in model.named_modules()],
        torch.is_grad_enabled(),
        (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32),
    )
