from .line_fitting import FittedLines as FittedLines, FittingSettings as FittingSettings, fit_lines as fit_lines
