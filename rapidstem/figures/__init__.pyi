from .denoising_figures import central_line as central_line, clearest_window as clearest_window
from .figure_registry import (
    CHOICE as CHOICE,
    DISTORTION as DISTORTION,
    FIELD as FIELD,
    IN_SITU_SERIES as IN_SITU_SERIES,
    LINES as LINES,
    POSITIONS as POSITIONS,
    REGISTRY as REGISTRY,
    SCORES as SCORES,
    SWEEP_MAP as SWEEP_MAP,
    VARIANT as VARIANT,
    FigureEntry as FigureEntry,
    figure_entry as figure_entry,
    figures_of as figures_of,
)
from .in_situ_movie import MovieLayout as MovieLayout, frame_rate as frame_rate, picture_words as picture_words, write_movie as write_movie
from .line_sentences import (
    CERTAIN as CERTAIN,
    MOSTLY_HIDDEN_PERCENT as MOSTLY_HIDDEN_PERCENT,
    agreement_sentence as agreement_sentence,
    count_interval as count_interval,
    count_words as count_words,
    truth_sentences as truth_sentences,
)
from .motion_movie import LineMovieLayout as LineMovieLayout
from .registered_drawing import draw_figures as draw_figures
from .score_tables import (
    LINE_INTENSITY as LINE_INTENSITY,
    LINE_WIDTH as LINE_WIDTH,
    PSNR as PSNR,
    PSNR_AFFINE as PSNR_AFFINE,
    PUBLISHED_AGREEMENT_PER_UM as PUBLISHED_AGREEMENT_PER_UM,
    SSIM as SSIM,
    score_table as score_table,
    shown_lines_table as shown_lines_table,
)
from .style import (
    RAPID_COLOUR as RAPID_COLOUR,
    SLOW_COLOUR as SLOW_COLOUR,
    grey_limits as grey_limits,
    image_png as image_png,
    length_label as length_label,
    round_length as round_length,
    save_drawing as save_drawing,
)
from .thumbnails import write_thumbnails as write_thumbnails
from .tilt_figures import shown_tilts as shown_tilts
