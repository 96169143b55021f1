"""Names of the figures that a session holds, as the registry of figures lists them."""


def names_of(scope):
    """Names of the figures of a scope."""
    return [entry.name for entry in figures_of(scope)]


SINGLE_FIELD_FRAMES = SESSION.single_field_frames
FIGURE_FILES = ["png", "svg", "csv", "txt"]

# What is drawn in this session, by scope.
DRAWN = {scope: names_of(scope) for scope in (FIELD, VARIANT, LINES, POSITIONS, IN_SITU_SERIES)}
if not SESSION.stating_intervals:
    DRAWN[FIELD].remove("intervals")
DRAWN[DISTORTION] = (
    names_of(DISTORTION) if SHOWN_FIELDS and SESSION.config["distortion"]["method"] != "none" else []
)
DRAWN[CHOICE] = names_of(CHOICE) if FIELD_CHOICE else []
# What only networks have: BM3D learns no weights.
UNDRAWN = {"training-size": not SINGLE_FIELD_FRAMES, "losses": not SESSION.networks}
SCORE_FIGURES = [name for name in names_of(SCORES) if not UNDRAWN.get(name)]
DRAWN[SCORES] = SCORE_FIGURES if TEST_FIELDS and SESSION.field_denoisers else []


def shown_files(*stems):
    """The picture and its description, for each stem: what the report holds of a figure."""
    return expand(f"{FOLDER}/figures/{{stem}}.{{suffix}}", stem=stems, suffix=["png", "txt"])


def figure_pictures(names, subject="", labels={}, **place):
    """The pictures of one job, below the folder `subject`, each with its caption and its place in Snakemake's own report."""

    def picture(name):
        shown = labels | {"figure": name, "shows": figure_entry(name).full_caption}
        return report(f"{FOLDER}/figures/{subject}{name}.png", labels=shown, **place)

    return [picture(name) for name in names]


def figure_data(names, subject=""):
    """What lies beside the pictures of one job: as vectors, as numbers, in words."""
    return [f"{FOLDER}/figures/{subject}{name}.{suffix}" for name in names for suffix in FIGURE_FILES[1:]]


def drawing_code(script, scope):
    """A parameter function that gives the mark of a script's code and of the modules that draw the figures of a scope."""
    modules = [entry.module for entry in figures_of(scope)]
    return lambda wildcards: code_mark(script, *modules)


def drawn_by(names):
    """The function of each figure, as a parameter."""
    return {name: figure_entry(name).function for name in names}


def field_stems():
    """Stems of the figures of all test fields."""
    return [f"{field}/{name}" for field in TEST_FIELDS for name in DRAWN[FIELD]]


def variant_stems():
    """Stems of the figures of all series, and of all rapid series that have a slow twin."""
    stems = []
    for series in SERIES:
        shown = SESSION.shown_variants(series)
        stems += expand(
            "{series}/{variant}/{name}",
            series=series,
            variant=names(shown),
            name=DRAWN[VARIANT] + DRAWN[LINES],
        )
        stems += expand(
            "{series}/{variant}/{name}",
            series=series,
            variant=SESSION.compared_with_slow(shown),
            name=DRAWN[POSITIONS],
        )
    return stems


def in_situ_stems():
    """Stems of the figures of all in-situ series."""
    return expand(
        "{series}/{denoiser}/{name}",
        series=IN_SITU,
        denoiser=SESSION.in_situ_denoisers,
        name=DRAWN[IN_SITU_SERIES],
    )
