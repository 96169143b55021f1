"""The device and the number format that networks compute in."""

from contextlib import AbstractContextManager

import torch


def best_device() -> torch.device:
    """The first CUDA device where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def resolve_precision(precision: str, device: torch.device) -> str:
    """`bfloat16` or `float32` for a setting that may be `auto`: bfloat16 where the device multiplies matrices in it.

    Parameters
    ----------
    precision
        `auto`, `bfloat16` or `float32`.
    device
        Where the network computes.
    """
    if precision != "auto":
        return precision
    fast = torch.cuda.is_bf16_supported() if device.type == "cuda" else torch.cpu.get_capabilities().get("amx_bf16", False)
    return "bfloat16" if fast else "float32"


def autocast(precision: str, device: torch.device) -> AbstractContextManager[None]:
    """Context in which layers compute in bfloat16 where `precision` (resolved) says so.

    Parameters
    ----------
    precision
        `bfloat16` or `float32`.
    device
        Where the network computes.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def computing_words(precision: str, device: torch.device) -> str:
    """Say where and how networks compute in this process, for a log.

    Parameters
    ----------
    precision
        `auto`, `bfloat16` or `float32`.
    device
        Where the network computes.
    """
    chosen = resolve_precision(precision, device)
    if device.type == "cuda":
        return f"networks compute on {torch.cuda.get_device_name(device)} in {chosen}"
    instructions = torch.backends.cpu.get_cpu_capability()
    return f"networks compute on the processor ({instructions}) in {chosen}, with {torch.get_num_threads()} threads"
