"""Optimisers: Muon's steps turn kernels along all their directions alike, AdamW's are torch's own."""

import copy

import pytest
import torch
from torch import nn

from rapidstem.denoising.networks.unets import DenoisingNetwork, ResidualUNet, UNet
from rapidstem.denoising.training.optimisers import Muon, Optimiser, orthogonal_factors

RATE = 1e-3


def network_with_gradients(network: DenoisingNetwork) -> DenoisingNetwork:
    placed = network.on(torch.device("cpu"))
    images = torch.rand(2, 1, 16, 16)
    (placed(images) - images.flip(3)).square().mean().backward()
    return placed


def steps_of(network: DenoisingNetwork, kind: str) -> dict[str, torch.Tensor]:
    """What one step changes, by the name of the weights."""
    before = {name: weights.detach().clone() for name, weights in network.named_parameters()}
    Optimiser(network, kind).step(RATE)
    return {name: weights.detach() - before[name] for name, weights in network.named_parameters()}


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(1)


def test_a_kernel_changes_along_all_its_directions_alike() -> None:
    network = network_with_gradients(ResidualUNet(width=16, depth=2))
    kernel = network.encoders[0][0].first.weight
    gradient = kernel.grad.permute(0, 2, 3, 1).reshape(16, -1).clone()
    decayed = RATE * kernel.detach().clone()
    change = steps_of(network, "muon")["encoders.0.0.first.weight"] + decayed
    left, strengths, right = torch.linalg.svd(change.permute(0, 2, 3, 1).reshape(16, -1), full_matrices=False)
    largest = 0.2 * RATE * 144**0.5  # Liu et al. 2025, equation 4: the root mean square of a step is 0.2 times the rate
    assert strengths.max() < 1.3 * largest
    assert strengths.min() > 0.5 * largest
    spread = torch.linalg.svdvals(gradient)
    assert spread.max() / spread.min() > 10, "the gradient was alike already"
    first, _, last = torch.linalg.svd(gradient, full_matrices=False)
    assert torch.allclose(left @ right, -(first @ last), atol=0.1), "against the gradient, in its own directions"


def test_kernels_of_single_images_and_biases_stay_with_adamw() -> None:
    network = network_with_gradients(UNet(width=8, depth=1))
    alike = copy.deepcopy(network)
    for weights, others in zip(network.parameters(), alike.parameters(), strict=True):
        others.grad = weights.grad.clone()
    muon, adamw = steps_of(network, "muon"), steps_of(alike, "adamw")
    same = {name for name in muon if torch.equal(muon[name], adamw[name])}
    inner = {f"{part}.weight" for part in ("encoders.0.2", "encoders.1.0", "encoders.1.2", "decoders.0.0", "decoders.0.2")}
    assert set(muon) - same == inner


def test_adamw_is_torchs_own() -> None:
    network = network_with_gradients(UNet(width=8, depth=1))
    peer = copy.deepcopy(network)
    for weights, others in zip(network.parameters(), peer.parameters(), strict=True):
        others.grad = weights.grad.clone()
    steps_of(network, "adamw")
    torch.optim.AdamW(peer.parameters(), RATE, weight_decay=1e-4).step()
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(network.parameters(), peer.parameters(), strict=True))


@pytest.mark.parametrize(("outputs", "inputs"), [(16, 16), (24, 8), (32, 16)])
def test_muon_steps_as_torchs_own(outputs: int, inputs: int) -> None:
    kernels = [torch.randn(outputs, inputs, 2, 2, requires_grad=True) for _ in range(3)]
    matrices = [nn.Parameter(kernel.detach().permute(0, 2, 3, 1).flatten(1).clone()) for kernel in kernels]
    peer = torch.optim.Muon(matrices, RATE, weight_decay=1.0, adjust_lr_fn="match_rms_adamw")
    ours = Muon(kernels)
    before = [matrix.detach().clone() for matrix in matrices]
    for _ in range(4):
        for kernel, matrix in zip(kernels, matrices, strict=True):
            kernel.grad = torch.randn_like(kernel)
            matrix.grad = kernel.grad.permute(0, 2, 3, 1).flatten(1)
        ours.step(RATE)
        peer.step()
    for kernel, matrix, start in zip(kernels, matrices, before, strict=True):
        change, known = kernel.detach().permute(0, 2, 3, 1).flatten(1) - start, matrix.detach() - start
        assert torch.linalg.norm(change - known) < 0.03 * torch.linalg.norm(known)


def test_factors_are_those_of_newton_and_schulz() -> None:
    matrices = torch.randn(3, 12, 40)
    left, strengths, right = torch.linalg.svd(matrices.double(), full_matrices=False)
    strengths = strengths / strengths.norm(dim=-1, keepdim=True) * 10.0 ** -torch.linspace(0, 4, 12)
    ill = (left * strengths[:, None] @ right).float()
    strengths = strengths / strengths.norm(dim=-1, keepdim=True)
    for _ in range(5):
        strengths = 3.4445 * strengths - 4.7750 * strengths**3 + 2.0315 * strengths**5
    known = left * strengths[:, None] @ right
    for found in (orthogonal_factors(ill).double(), orthogonal_factors(ill.mT).mT.double()):
        assert torch.linalg.norm(found - known) < 1e-3 * torch.linalg.norm(known)
