"""Settings of denoisers, each with the rules that it must keep."""

from dataclasses import dataclass

from rapidstem.denoising.setting_values import require

PRECISIONS = ("auto", "float32", "bfloat16")
NOISE_FREE = "noise-free"
TARGETS = ("dcfi", "slow", "none", NOISE_FREE)
NETWORKS = ("unet", "residual-unet", "hourglass", "autoencoder")
OPTIMISERS = ("muon", "adamw")
NEIGHBOURS = "neighbours"
SAMPLERS = ("reference", "other-frame", "other-frames", "all-frames", "blind-spots", NEIGHBOURS)
FRESH = "nothing"
NOISE_MODELS = ("gw", "g1", "g2", "g3", "g4", "g1w", "g2w", "g3w", "g4w", "measured")


@dataclass(frozen=True)
class NetworkSettings:
    """A network trained on pairs of a rapid frame and what it should look like.

    Attributes
    ----------
    target
        The reference image, `dcfi` or `slow`; `none` where the raw frames themselves teach; `noise-free` for simulated fields.
    sampler
        What a frame is compared with: the `reference`; one `other-frame` of the same field, the mean of all `other-frames`, or of
        `all-frames`, each moved to the frame; the frame itself at `blind-spots`, or, for `neighbours`, in rows that are hidden, beside
        the frames of the series next to it in tilt.
    network
        Architecture, see `rapidstem.denoising.networks.unets`.
    most_fields, most_frames
        Of training, 0 for all; the fields with the most frames are taken, and the frames are shared among them.
    synthetic_share
        Share of the patches whose input is the target with synthetic noise, the others being real frames.
    electrons
        Smallest and largest number of detected electrons a white pixel of a synthetic frame has, drawn log-uniformly.
    bias
        Brightness that synthetic noise adds before and takes off after the electrons are drawn, as a share of white.
    read_noise
        Standard deviation of what the detector adds to a synthetic frame, as a share of white.
    lag
        Share of a pixel's signal that a synthetic detector keeps for the next one.
    mask_px
        Half length of a blind spot along the row; 0 for the length over which the noise is correlated.
    averaged_frames
        Frames of a field whose results are averaged, in places of the drift; a tilt series is never averaged.
    neighbour_frames
        Frames on either side that a network of the sampler `neighbours` sees beside the one at hand.
    width
        Channels of the first level; every level below has twice as many, in the residual U-Net as many more.
    depth
        Number of times the image is halved.
    patch_size_px
        Side of the training patches, a multiple of 2**depth.
    batch_size
        Patches a step.
    steps
        Optimiser steps.
    optimiser
        `muon` or `adamw`, see `rapidstem.denoising.training.optimisers`.
    learning_rate
        At the end of the warm-up; falls to zero as a cosine.
    weight_averaging
        Decay of the exponential moving average of the weights, 0 for none.
    validation_share
        Share of the fields (never of the frames) kept for validation.
    validation_interval
        Steps between two validations; checkpoints are written as often.
    patience_steps
        Training ends when the validation loss has not improved for so many steps; 0 for never.
    precision
        `bfloat16`, `float32` or `auto`: bfloat16 where the processor multiplies matrices in it.
    seed
        Of the first weights, the split and the patches.
    processes
        That share each batch, one a graphics card where there are cards.
    flip_averaging
        Whether the answer is the mean of those to the image and to the image turned upside down.
    start_from
        Folder of a trained model whose weights training starts from, or `general` for the one that comes with rapidstem; empty, or
        `nothing`, for fresh weights.
    model
        Folder of a trained model that is used as it is, without training, or `general`; empty to train.
    """

    target: str
    sampler: str = "reference"
    network: str = "unet"
    width: int = 24
    depth: int = 3
    patch_size_px: int = 64
    batch_size: int = 16
    steps: int = 2000
    optimiser: str = "muon"
    learning_rate: float = 1.25e-3
    weight_averaging: float = 0.995
    validation_share: float = 0.1
    validation_interval: int = 200
    patience_steps: int = 0
    precision: str = "auto"
    seed: int = 1
    processes: int = 1
    flip_averaging: bool = True
    start_from: str = ""
    model: str = ""
    most_fields: int = 0
    most_frames: int = 0
    synthetic_share: float = 0.0
    electrons: tuple[float, ...] = (5.0, 80.0)
    bias: float = 0.0
    read_noise: float = 0.0
    lag: float = 0.0
    mask_px: int = 0
    averaged_frames: int = 1
    neighbour_frames: int = 2

    def __post_init__(self) -> None:
        if self.start_from == FRESH:
            object.__setattr__(self, "start_from", "")
        require(self.target in TARGETS, "target", f"must be one of {', '.join(TARGETS)}")
        require(self.optimiser in OPTIMISERS, "optimiser", f"must be one of {', '.join(OPTIMISERS)}")
        require(self.sampler in SAMPLERS, "sampler", f"must be one of {', '.join(SAMPLERS)}")
        require(self.network in NETWORKS, "network", f"must be one of {', '.join(NETWORKS)}")
        learns_reference = self.sampler == "reference" and self.synthetic_share < 1
        require(not (self.target == "none" and learns_reference), "target", "must be dcfi or slow where the sampler is the reference")
        require(self.precision in PRECISIONS, "precision", f"must be one of {', '.join(PRECISIONS)}")
        for name in ("width", "depth", "patch_size_px", "batch_size", "steps", "learning_rate", "validation_interval"):
            require(getattr(self, name) > 0, name, "must be above zero")
        require(self.patch_size_px % 2**self.depth == 0, "patch_size_px", f"must be a multiple of 2**depth = {2**self.depth}")
        for name in ("weight_averaging", "validation_share"):
            require(0 <= getattr(self, name) < 1, name, "must be at least 0 and below 1")
        object.__setattr__(self, "electrons", tuple(self.electrons))
        self._check_training()
        self._check_noise()

    @property
    def inputs(self) -> int:
        """Images that the network sees: the frame, and with its neighbours where its hidden rows are."""
        return 2 + 2 * self.neighbour_frames if self.sampler == NEIGHBOURS else 1

    def _check_training(self) -> None:
        require(self.patience_steps >= 0, "patience_steps", "must not be below zero")
        supervised = self.sampler == "reference" and self.validation_share > 0
        rule = "needs validation against a reference: the loss of a sampler without one does not tell when the image is best"
        require(self.patience_steps == 0 or supervised, "patience_steps", rule)
        require(self.processes > 0, "processes", "must be above zero")
        alone = self.processes == 1 and self.network == "residual-unet" and not self.model
        require(
            self.sampler != NEIGHBOURS or alone, "sampler", "neighbours is for one process and the residual-unet, trained on each series"
        )
        require(self.batch_size % max(self.processes, 1) == 0, "batch_size", f"must be a multiple of processes = {self.processes}")

    def _check_noise(self) -> None:
        require(0 <= self.synthetic_share <= 1, "synthetic_share", "must be from 0 to 1")
        rising = len(self.electrons) == 2 and 0 < self.electrons[0] <= self.electrons[1]
        require(rising, "electrons", "must be two numbers above zero, the smaller one first")
        require(0 <= self.lag < 1, "lag", "must be at least 0 and below 1")
        for name in ("most_fields", "most_frames", "bias", "read_noise", "mask_px"):
            require(getattr(self, name) >= 0, name, "must not be below zero")
        for name in ("averaged_frames", "neighbour_frames"):
            require(getattr(self, name) > 0, name, "must be above zero")


@dataclass(frozen=True)
class BlockMatchingSettings:
    """BM3D for correlated noise, its noise model chosen for the best PSNR on tuning fields.

    Attributes
    ----------
    target
        The reference that the choice is made against, `dcfi` or `slow`.
    noise_models
        To try: `gw` for white noise, `measured` for the measured spectrum, and the correlated kinds of `NOISE_MODELS`.
    variance_factors
        Multiples of the measured variance to try with each of them.
    tuning_fields
        Number of training fields to choose on, evenly spread over their list.
    """

    target: str
    noise_models: tuple[str, ...] = ("gw", "measured")
    variance_factors: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    tuning_fields: int = 3

    def __post_init__(self) -> None:
        require(self.target in ("dcfi", "slow"), "target", "must be dcfi or slow")
        known = len(self.noise_models) > 0 and set(self.noise_models) <= set(NOISE_MODELS)
        require(known, "noise_models", f"must be a list of some of {', '.join(NOISE_MODELS)}")
        positive = len(self.variance_factors) > 0 and all(factor > 0 for factor in self.variance_factors)
        require(positive, "variance_factors", "must be a list of numbers above zero")
        require(self.tuning_fields > 0, "tuning_fields", "must be above zero")


DenoiserSettings = NetworkSettings | BlockMatchingSettings
