from .known_lines import refit_lines as refit_lines
from .line_fitting import FittedLines as FittedLines, fit_lines as fit_lines
from .line_rounds import FittingSettings as FittingSettings
