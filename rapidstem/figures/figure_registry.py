"""Every figure of a session: which function draws it, what it shows, and the published figure that it stands beside.

The rules take the names of their files from here, the report and the documentation the captions. Nothing is imported until something is
drawn, so that the graph of jobs is built without matplotlib.
"""

from dataclasses import dataclass

FIELD, DISTORTION, CHOICE, SCORES = "field", "distortion", "choice", "scores"
VARIANT, LINES, POSITIONS, IN_SITU_SERIES = "variant", "lines", "positions", "in situ"
SWEEP_MAP = "sweep"


@dataclass(frozen=True)
class FigureEntry:
    """A figure.

    Attributes
    ----------
    name : of its files.
    scope : what it is drawn of: a test field, the scan distortion, the choice of training fields, the scores of all filters, one variant of
        a tilt series, the lines of a tomogram, a rapid tomogram against the slow one, an in-situ series, a sweep of small sessions.
    function : module of this room and function.
    caption : what it shows, without a full stop.
    source : the published figure that shows the same, in the authors' data.
    """

    name: str
    scope: str
    function: str
    caption: str
    source: str = ""

    @property
    def module(self) -> str:
        """Dotted name of the module that draws it."""
        return f"rapidstem.figures.{self.function.partition('.')[0]}"

    @property
    def full_caption(self) -> str:
        """The caption with its source."""
        return f"{self.caption} (as {self.source})" if self.source else self.caption


REGISTRY = (
    FigureEntry("drift", FIELD, "drift_figures.drift_trace", "Drift of the specimen frame by frame, residuals and rejected frames"),
    FigureEntry(
        "filters",
        FIELD,
        "denoising_figures.side_by_side",
        "Every filter on the first rapid frame beside the references, with contour plots of the marked part and power spectra",
        "Ihara et al. 2022, Figs. 1d and 3",
    ),
    FigureEntry(
        "profiles",
        FIELD,
        "denoising_figures.line_profiles",
        "Profiles across one dislocation in every image",
        "Zhao et al. 2021, Fig. 3e",
    ),
    FigureEntry(
        "spectra",
        FIELD,
        "denoising_figures.power_spectra",
        "Power spectra along the fast scan direction",
        "Ihara et al. 2022, Fig. 4c",
    ),
    FigureEntry(
        "intervals",
        FIELD,
        "quality_figures.interval_maps",
        "Half width of the interval that holds nine tenths of the reference's pixels, and the pixels of the reference that lie outside",
    ),
    FigureEntry(
        "distortion-map",
        DISTORTION,
        "distortion_figures.map_deviation",
        "Columns of the slow image against columns of the rapid frames: their deviation from a straight line",
        "Ihara et al. 2022, Fig. 7d",
    ),
    FigureEntry(
        "distortion-strips",
        DISTORTION,
        "distortion_figures.strip_displacements",
        "What is left in every strip of the calibration fields before and after the correction",
    ),
    FigureEntry(
        "distortion-fields",
        DISTORTION,
        "distortion_figures.corrected_profiles",
        "DCFI image, slow image, and the DCFI image after the correction",
        "Ihara et al. 2022, Fig. 1a-c",
    ),
    FigureEntry(
        "superposition",
        DISTORTION,
        "distortion_figures.superposition",
        "Rapid (aqua) on slow (red), before and after the correction",
        "Zhao et al. 2021, Fig. 1g",
    ),
    FigureEntry(
        "chosen-fields",
        CHOICE,
        "choice_figures.chosen_fields",
        "Intensities of the training fields (lines; dashed: left out) beside those of the tilt series at their tilt",
    ),
    FigureEntry("losses", SCORES, "training_figures.loss_curves", "Training and validation loss of each network"),
    FigureEntry(
        "scores-slow",
        SCORES,
        "denoising_figures.scores_against_slow",
        "PSNR, line width and line intensity by tilt, against the slow image",
        "Zhao et al. 2021, Tables 1 to 3",
    ),
    FigureEntry(
        "scores-dcfi",
        SCORES,
        "denoising_figures.scores_against_dcfi",
        "PSNR, line width and line intensity by tilt, against the DCFI image",
        "Zhao et al. 2021, Tables 1 to 3",
    ),
    FigureEntry(
        "psnr-by-kind",
        SCORES,
        "quality_figures.psnr_by_kind",
        "PSNR against the slow image by kind of image, and by the intensity of the slow image",
        "Ihara et al. 2022, Fig. 4a",
    ),
    FigureEntry("psnr-and-ssim", SCORES, "quality_figures.psnr_and_similarity", "SSIM against PSNR (the scores of Williams et al.)"),
    FigureEntry(
        "agreement",
        SCORES,
        "quality_figures.agreement",
        "Power along the fast scan direction (dotted: wave number of agreement), and transfer",
        "Ihara et al. 2022, Fig. 4c",
    ),
    FigureEntry(
        "training-size",
        SCORES,
        "quality_figures.training_size",
        "Training on frames of one field against training on many fields",
        "Ihara et al. 2022, Fig. 6",
    ),
    FigureEntry(
        "angles", VARIANT, "tilt_figures.angle_trace", "Tilt angles as reported and as refined, with their uncertainty, and shifts"
    ),
    FigureEntry("motion", VARIANT, "tilt_figures.motion_trace", "Motion within the frames: vibration by frame, taken out of the images"),
    FigureEntry(
        "binary",
        VARIANT,
        "tilt_figures.series_images",
        "Aligned and binarised frames at chosen tilts",
        "Zhao et al. 2021, Fig. 4",
    ),
    FigureEntry(
        "resolution",
        VARIANT,
        "position_figures.shell_correlations",
        "Fourier shell correlation of two tomograms, each from every second tilt",
    ),
    FigureEntry(
        "lines", LINES, "line_figures.line_projections", "Dislocation lines in three projections, coloured by slip plane where it is known"
    ),
    FigureEntry("lengths", LINES, "line_figures.line_lengths", "Lengths of the lines"),
    FigureEntry("planes", LINES, "line_figures.plane_densities", "Dislocation density by slip plane"),
    FigureEntry(
        "line-differences",
        POSITIONS,
        "line_figures.line_differences",
        "Lines that are the same in both tomograms (blue), and those that differ, with their numbers",
    ),
    FigureEntry(
        "projections",
        POSITIONS,
        "volume_figures.projections",
        "Rapid, brought onto slow, slow, and both, in three projections",
        "Zhao et al. 2021, Fig. 5",
    ),
    FigureEntry(
        "centres",
        POSITIONS,
        "position_figures.centres_3d",
        "Local intensity centres, the rapid ones (orange) brought onto the slow ones (aqua)",
        "Zhao et al. 2021, Fig. 6",
    ),
    FigureEntry(
        "depth",
        POSITIONS,
        "position_figures.depth_differences",
        "Difference in z against y and x, with quadratic fits",
        "Zhao et al. 2021, Fig. 7",
    ),
    FigureEntry(
        "time-lag",
        POSITIONS,
        "position_figures.time_lag_profiles",
        "Difference in z against y with a tilt for every row, with one tilt a frame, and with the time lag calibrated away",
        "Zhao et al. 2021, Methods",
    ),
    FigureEntry(
        "differences",
        POSITIONS,
        "position_figures.difference_histograms",
        "Distribution of the differences in x, y and z beside the published means",
    ),
    FigureEntry(
        "stills",
        IN_SITU_SERIES,
        "in_situ_figures.series_stills",
        "Frames from beginning to end, raw above denoised, beside the final slow image",
        "Ihara et al. 2022, Fig. 5",
    ),
    FigureEntry("course", IN_SITU_SERIES, "in_situ_figures.series_course", "Drift and temperature frame by frame"),
    FigureEntry(
        "sweep-errors",
        SWEEP_MAP,
        "sweep_figures.errors_by_factor",
        "Errors against the truth by factor, mean and range over the seeds; dotted: true geometry and lines known; grey: the base",
    ),
    FigureEntry(
        "sweep-differences", SWEEP_MAP, "sweep_figures.differences_by_factor", "Rapid against slow by factor, mean and range over the seeds"
    ),
    FigureEntry("sweep-lines", SWEEP_MAP, "sweep_figures.shares_by_factor", "Shares of the lines that are found and real by factor"),
    FigureEntry("sweep-pairs", SWEEP_MAP, "sweep_figures.errors_by_pair", "Largest error against the truth by two factors at once"),
)


def figures_of(scope: str) -> list[FigureEntry]:
    """The figures of a scope, in their order.

    Parameters
    ----------
    scope : str
        One of the scopes of this module, such as `FIELD`.

    Returns
    -------
    list of FigureEntry
        Empty for an unknown scope.
    """
    return [entry for entry in REGISTRY if entry.scope == scope]


def figure_entry(name: str) -> FigureEntry:
    """A figure by its name.

    Parameters
    ----------
    name : str
        As in the names of its files.

    Raises
    ------
    StopIteration
        if there is none
    """
    return next(entry for entry in REGISTRY if entry.name == name)
