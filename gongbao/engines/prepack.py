"""Linear layers laid out for oneDNN: on AMD's processors torch's own path to them is slower, elsewhere about the same.

The weights are put into oneDNN's order once instead of at every call, and the GELU of the feed-forward layer is
computed where the sums still lie in the cache. Only fp32, only for inference on a CPU; the products are the same to
rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

ROWS = 512
"""The number of tokens that the weights' order is chosen for; any other is computed too."""


def prepack(model: Any) -> bool:
    """Replace a model's linear layers, in place; False, and the model as it was, where oneDNN cannot."""
    import torch
    from torch import nn

    if not torch._C._has_mkldnn or not hasattr(torch.ops.mkldnn, "_reorder_linear_weight"):
        return False

    class Packed(nn.Module):
        def __init__(self, linear: nn.Linear, packed: torch.Tensor) -> None:
            super().__init__()
            self.weight, self.bias, self.gelu = packed, linear.bias, False

        def forward(self, x: torch.Tensor) -> Any:
            after, how = ("gelu", "none") if self.gelu else ("none", "")
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, after, [], how)

    found = [
        (parent, name, child)
        for parent in list(model.modules())
        for name, child in parent.named_children()
        if isinstance(child, nn.Linear)
    ]
    try:
        packed = [Packed(c, torch.ops.mkldnn._reorder_linear_weight(c.weight.detach(), ROWS)) for _, _, c in found]
    except RuntimeError:
        return False
    for (parent, name, _), layer in zip(found, packed, strict=True):
        setattr(parent, name, layer)
    for layer in model.modules():
        activation = getattr(layer, "intermediate_act_fn", None)
        # transformers' exact GELU; its approximations are other functions.
        if type(activation).__name__ == "GELUActivation" and isinstance(getattr(layer, "dense", None), Packed):
            layer.dense.gelu = True
            layer.intermediate_act_fn = nn.Identity()
    return True
