"""What changes the weights of a network in training: Muon for the inner kernels, AdamW for all other weights, or AdamW alone."""

import torch
from torch import nn

from rapidstem.denoising.networks import DenoisingNetwork

_KERNEL_DECAY, _DECAY = 1.0, 1e-4
_FEWEST_CHANNELS = 8


class Optimiser:
    """Takes steps along the gradients of a network's weights.

    Muon steps by the orthogonal factor of the gradient's running mean, so that a kernel changes along all of its directions alike. The
    kernel of an inner convolution, (output, input, y, x), is a matrix of outputs by all that one output sees. Its steps are scaled to be
    as large as AdamW's (Liu et al. 2025, Section 2.2), so that both have one rate. Kernels from or to single images, transposed
    convolutions and biases stay with AdamW.

    Parameters
    ----------
    network : on its device, laid out as `DenoisingNetwork.on` does, which must not change afterwards.
    kind : `muon` or `adamw`, the latter for all weights.

    References
    ----------
    K. Jordan et al., Muon: an optimizer for hidden layers in neural networks (2024), https://kellerjordan.github.io/posts/muon;
    J. Liu et al., Muon is scalable for LLM training, arXiv:2502.16982 (2025); I. Loshchilov, F. Hutter, Decoupled weight decay
    regularization, ICLR (2019)
    """

    def __init__(self, network: DenoisingNetwork, kind: str) -> None:
        self._kernels = _inner_kernels(network) if kind == "muon" else []
        self._matrices = [nn.Parameter(_matrix(kernel.detach())) for kernel in self._kernels]
        chosen = set(map(id, self._kernels))
        others = [weights for weights in network.parameters() if id(weights) not in chosen]
        self._parts: list[torch.optim.Optimizer] = [torch.optim.AdamW(others, weight_decay=_DECAY)]
        if self._matrices:
            self._parts.append(torch.optim.Muon(self._matrices, weight_decay=_KERNEL_DECAY, adjust_lr_fn="match_rms_adamw"))
        self._network = network

    def clear_gradients(self) -> None:
        """Forget the gradients of the last step."""
        self._network.zero_grad(set_to_none=True)

    def step(self, learning_rate: float) -> None:
        """Change all weights by their gradients."""
        for matrix, kernel in zip(self._matrices, self._kernels, strict=True):
            matrix.grad = None if kernel.grad is None else kernel.grad.permute(0, 2, 3, 1).reshape(matrix.shape)
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()

    def moments(self) -> dict[str, torch.Tensor]:
        """All that it remembers of earlier steps, by name."""
        return {
            f"{number}.{index}.{key}": tensor
            for number, part in enumerate(self._parts)
            for index, weights in enumerate(_weights_of(part))
            for key, tensor in part.state[weights].items()
        }

    def remember(self, moments: dict[str, torch.Tensor]) -> None:
        """Take over the `moments` of an optimiser of the same kind for the same network."""
        for name, tensor in moments.items():
            number, index, key = name.split(".")
            part = self._parts[int(number)]
            weights = _weights_of(part)[int(index)]
            part.state[weights][key] = tensor if tensor.ndim == 0 else tensor.to(weights)


def _inner_kernels(network: nn.Module) -> list[torch.Tensor]:
    kernels = [layer.weight for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    return [kernel for kernel in kernels if min(kernel.shape[:2]) >= _FEWEST_CHANNELS]


def _matrix(kernel: torch.Tensor) -> torch.Tensor:
    """A kernel whose channels lie together as a matrix in the same memory."""
    return kernel.permute(0, 2, 3, 1).view(len(kernel), -1)


def _weights_of(part: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [weights for group in part.param_groups for weights in group["params"]]
