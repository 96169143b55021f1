"""Drawing of the registered figures of one scope from the data of that scope."""

from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from rapidstem.figures.style import save_drawing


def draw_figures(functions: Mapping[str, str], data: Mapping[str, Any], folder: Path | str) -> None:
    """Draw figures, each from those data that its function's parameters name, write them, and print what they show.

    Parameters
    ----------
    functions : function of each figure by its name, as `FigureEntry.function` has it.
    data : what is known of the scope, by the names of the functions' parameters.
    folder : where the files go.

    Raises
    ------
    TypeError
        A function needs what the scope's data do not hold.
    """
    for name, function in functions.items():
        module, _, drawing_function = function.partition(".")
        draw = getattr(import_module(f"rapidstem.figures.{module}"), drawing_function)
        drawing = draw(**{parameter: data[parameter] for parameter in signature(draw).parameters if parameter in data})
        save_drawing(drawing, Path(folder) / name)
        print(f"{name}: {drawing.description}")
