"""What changes the weights of a network in training: Muon for the inner kernels, AdamW for all other weights, or AdamW alone."""

from collections.abc import Sequence

import torch
from torch import nn

# Kernels with fewer channels on a side (the first and the last) have no matrix worth the name: AdamW changes them.
_FEWEST_CHANNELS = 8
# Decay of the weights, of AdamW's and of Muon's. AdamW's is small against its learning rate; Muon's, of order one, is times a learning rate
# of some thousandths; by judgement.
_DECAY, _KERNEL_DECAY = 1e-4, 1.0
# K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024): momentum, number of iterations and coefficients of the
# polynomial.
_MOMENTUM = 0.95
# J. Liu et al., "Muon is scalable for LLM training" (2025): with this factor a change is as large as AdamW's at the same learning rate.
_STEP_OF_ADAMW = 0.2
_ITERATIONS, _COEFFICIENTS = 5, (3.4445, -4.7750, 2.0315)


class Optimiser:
    """Takes steps along the gradients of a network's weights.

    Kernels from or to single images, transposed convolutions and biases stay with AdamW (Loshchilov and Hutter 2019) also where the others
    are Muon's.

    Parameters
    ----------
    network
        On its device.
    kind
        `muon` or `adamw`, the latter for all weights.
    """

    def __init__(self, network: nn.Module, kind: str) -> None:
        kernels = _inner_kernels(network) if kind == "muon" else []
        chosen = set(map(id, kernels))
        self._others = [weights for weights in network.parameters() if id(weights) not in chosen]
        self._adamw = torch.optim.AdamW(self._others, weight_decay=_DECAY)
        shapes = dict.fromkeys(kernel.shape for kernel in kernels)
        self._muons = [Muon([kernel for kernel in kernels if kernel.shape == shape]) for shape in shapes]

    def step(self, learning_rate: float) -> None:
        """Change all weights by their gradients."""
        for group in self._adamw.param_groups:
            group["lr"] = learning_rate
        self._adamw.step()
        for muon in self._muons:
            muon.step(learning_rate)

    def moments(self) -> dict[str, torch.Tensor]:
        """All that it remembers of earlier steps, by name."""
        remembered = {f"muon.{number}": muon.momentum for number, muon in enumerate(self._muons)}
        for index, weights in enumerate(self._others):
            remembered |= {f"adamw.{index}.{key}": tensor for key, tensor in self._adamw.state[weights].items()}
        return remembered

    def remember(self, moments: dict[str, torch.Tensor]) -> None:
        """Take over the `moments` of an optimiser of the same kind for the same network."""
        for number, muon in enumerate(self._muons):
            muon.momentum.copy_(moments[f"muon.{number}"])
        for name, tensor in moments.items():
            kind, index, *key = name.split(".")
            if kind == "adamw":
                weights = self._others[int(index)]
                self._adamw.state[weights][key[0]] = tensor if tensor.ndim == 0 else tensor.to(weights)


class Muon:
    """Steps by the orthogonal factor of the gradient's running mean, so that a kernel changes along all of its directions alike.

    The kernel of a convolution, (output, input, y, x), is a matrix of outputs by all that one output sees. Steps are scaled to be as large
    as AdamW's, so that both have one rate (Liu et al. 2025, equation 4). `torch.optim.Muon` takes matrices one by one and multiplies in
    bfloat16, which many processors are slow at.

    Parameters
    ----------
    kernels
        Of one shape (output, input, y, x).

    Attributes
    ----------
    momentum : (kernel, output, y * x * input)
        Running means of the gradients.

    References
    ----------
    K. Jordan et al., Muon: an optimizer for hidden layers in neural networks (2024), https://kellerjordan.github.io/posts/muon;
    J. Liu et al., Muon is scalable for LLM training, arXiv:2502.16982 (2025)
    """

    def __init__(self, kernels: Sequence[torch.Tensor]) -> None:
        self._kernels = kernels
        self.momentum = torch.zeros_like(_matrices([kernel.detach() for kernel in kernels]))

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Change the kernels by their gradients."""
        gradients = _matrices([kernel.grad for kernel in self._kernels])  # type: ignore[misc]
        self.momentum.lerp_(gradients, 1 - _MOMENTUM)
        ahead = gradients.lerp_(self.momentum, _MOMENTUM)  # Nesterov's momentum
        changes = orthogonal_factors(ahead)
        size = learning_rate * _STEP_OF_ADAMW * max(changes.shape[1:]) ** 0.5
        for kernel, change in zip(self._kernels, changes, strict=True):
            outputs, inputs, rows, columns = kernel.shape
            kernel.mul_(1 - learning_rate * _KERNEL_DECAY)
            kernel.sub_(change.view(outputs, rows, columns, inputs).permute(0, 3, 1, 2), alpha=size)


def orthogonal_factors(matrices: torch.Tensor) -> torch.Tensor:
    """U V^T of matrices U S V^T (matrix, row, column), nearly: with singular values from 0.7 to 1.2 in the place of 1.

    By the iteration of Newton and Schulz with the coefficients of Jordan et al. 2024, which take small singular values up fast. Each of
    its steps multiplies by a polynomial of the squared matrix; here the polynomials are multiplied first, which are as large as the
    shorter side alone, and the matrix itself is taken twice only.

    Parameters
    ----------
    matrices : (matrix, row, column)
        Momenta of the weights.

    Returns
    -------
    (matrix, row, column)
        Of the same type.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    wide = matrices.mT if tall else matrices
    wide = wide / torch.linalg.matrix_norm(wide, keepdim=True).clamp(min=1e-7)
    first, second, third = _COEFFICIENTS
    squares = wide @ wide.mT
    unit = torch.eye(squares.shape[-1], dtype=squares.dtype, device=squares.device)
    product = unit
    for _ in range(_ITERATIONS):
        polynomial = first * unit + torch.baddbmm(squares, squares, squares, beta=second, alpha=third)
        squares = polynomial @ squares @ polynomial
        product = polynomial @ product
    factors = product @ wide
    return factors.mT if tall else factors


def _inner_kernels(network: nn.Module) -> list[torch.Tensor]:
    kernels = [layer.weight for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    return [kernel for kernel in kernels if min(kernel.shape[:2]) >= _FEWEST_CHANNELS]


def _matrices(kernels: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.stack([kernel.permute(0, 2, 3, 1).flatten(1) for kernel in kernels])
