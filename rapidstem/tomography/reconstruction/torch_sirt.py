"""The same SIRT through torch, for a graphics card."""

import warnings

import numpy as np
import scipy
import torch

from rapidstem.errors import InputError
from rapidstem.tomography.reconstruction.sirt import normalised_transpose


class TorchSirt:
    """SIRT of blocks of slices on one device; the numbers are those of `sirt.sirt_slices` within float error.

    Parameters
    ----------
    matrix : scipy.sparse.csr_matrix, (ray, voxel)
    device : str
        "cuda", or "cpu" to check the numbers.

    Raises
    ------
    InputError
        If torch finds no such device.
    """

    def __init__(self, matrix: scipy.sparse.csr_matrix, device: str = "cuda") -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise InputError("device cuda: torch finds no graphics card on this machine; choose device cpu or a machine that has one")
        self.device = device
        self.forward = self._to_device(matrix)
        self.backward = self._to_device(normalised_transpose(matrix))

    def _to_device(self, matrix: scipy.sparse.csr_matrix) -> torch.Tensor:
        start, column, value = (torch.tensor(part, device=self.device) for part in (matrix.indptr, matrix.indices, matrix.data))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
            return torch.sparse_csr_tensor(start, column, value, size=matrix.shape, check_invariants=True)

    @torch.inference_mode()
    def reconstruct(self, projections: np.ndarray, iterations: int, seen: np.ndarray | None = None) -> np.ndarray:
        """Reconstruct a block of slices; parameters and result as in `sirt.sirt_slices`."""
        measured = torch.from_numpy(np.ascontiguousarray(projections, np.float32)).to(self.device)
        weight = None if seen is None else torch.from_numpy(seen).to(self.device)
        volume = torch.zeros((self.backward.shape[0], measured.shape[1]), device=self.device)
        for _ in range(iterations):
            residual = measured - self.forward @ volume
            if weight is not None:
                residual *= weight
            volume = (volume + self.backward @ residual).clamp_(min=0)
        return volume.cpu().numpy()
