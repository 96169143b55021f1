"""Names of the figures that the report holds."""

FIELD_FIGURES = ["drift", "filters", "profiles", "spectra"]
VARIANT_FIGURES = ["angles", "binary", "resolution"]
LINE_FIGURES = ["lines", "lengths", "planes"]
RAPID_FIGURES = ["line-differences", "projections", "centres", "depth", "time-lag", "differences"]
IN_SITU_FIGURES = ["stills", "course"]
FIGURE_FILES = ["png", "svg", "csv", "txt"]


def shown_files(*stems):
    """The picture and its description, for each stem: what the report holds of a figure."""
    return expand(f"{FOLDER}/figures/{{stem}}.{{suffix}}", stem=stems, suffix=["png", "txt"])


def field_figure(name):
    """A figure of one test field, for Snakemake's own report too."""
    return report(
        f"{FOLDER}/figures/{{acquisition}}/{name}.png",
        caption=f"../report/{name}.rst",
        category="Fields",
        subcategory="{acquisition}",
        labels={"figure": name},
    )


def field_stems():
    """Stems of the figures of all test fields."""
    return [f"{field}/{name}" for field in TEST_FIELDS for name in FIELD_FIGURES]


def variant_stems():
    """Stems of the figures of all series, and of all rapid series that have a slow twin."""
    stems = []
    for series in SERIES:
        shown = SESSION.shown_variants(series)
        stems += expand(
            "{series}/{variant}/{name}",
            series=series,
            variant=names(shown),
            name=VARIANT_FIGURES + LINE_FIGURES,
        )
        stems += expand(
            "{series}/{variant}/{name}",
            series=series,
            variant=SESSION.compared_with_slow(shown),
            name=RAPID_FIGURES,
        )
    return stems


def in_situ_stems():
    """Stems of the figures of all in-situ series."""
    return expand(
        "{series}/{denoiser}/{name}", series=IN_SITU, denoiser=SESSION.in_situ_denoisers, name=IN_SITU_FIGURES
    )


SHOWN_FIELDS = TEST_FIELDS + SESSION.paired("training", "calibration")
DISTORTION_FIGURES = ["distortion-map", "distortion-strips", "distortion-fields", "superposition"]
DISTORTION_STEMS = (
    DISTORTION_FIGURES if SHOWN_FIELDS and SESSION.config["distortion"]["method"] != "none" else []
)
CHOICE_STEMS = ["chosen-fields"] if FIELD_CHOICE else []
SINGLE_FIELD_FRAMES = SESSION.single_field_frames
QUALITY_FIGURES = ["psnr-by-kind", "psnr-and-ssim", "agreement"] + (
    ["training-size"] if SINGLE_FIELD_FRAMES else []
)
SCORE_FIGURES = ["losses", "scores-slow", "scores-dcfi", *QUALITY_FIGURES]
SCORE_STEMS = SCORE_FIGURES if TEST_FIELDS and SESSION.networks else []
