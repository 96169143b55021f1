"""Docstrings say what goes in, what comes out and what is raised (numpydoc), comments what chosen numbers rest on."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rapidstem"
MOST_PARAMETERS_OF_A_LINE = 3
# A shape, a unit or the meaning of several values has to be told; of one record, text or path the type says enough.
TOLD = re.compile(r"\b(ndarray|Tensor|DataFrame|\w+_matrix|tuple|dict|list|slice|float|int|Fraction)\b")

Function = tuple[str, ast.FunctionDef]


def _functions(text: str) -> Iterator[Function]:
    """Functions and methods without a leading underscore, by their name within the module."""
    for statement in ast.parse(text).body:
        within = statement.body if isinstance(statement, ast.ClassDef) else [statement]
        prefix = f"{statement.name}." if isinstance(statement, ast.ClassDef) else ""
        for each in within:
            if isinstance(each, ast.FunctionDef) and not f"{prefix}{each.name}".startswith("_") and not each.name.startswith("_"):
                yield f"{prefix}{each.name}", each


def _handed_on(path: Path) -> set[str]:
    """What the door of the room names of a module."""
    door = path.with_name("__init__.pyi")
    statements = ast.parse(door.read_text(encoding="utf-8")).body if door.is_file() else []
    return {alias.name for each in statements if isinstance(each, ast.ImportFrom) and each.module == path.stem for alias in each.names}


def _section(text: str, title: str) -> str | None:
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return found[1] if found else None


def _parameters(function: ast.FunctionDef) -> set[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return {each.arg for each in every} - {"self", "cls"}


def _raised(function: ast.FunctionDef) -> set[str]:
    raised = [each.exc for each in ast.walk(function) if isinstance(each, ast.Raise) and each.exc]
    return {ast.unparse(each.func if isinstance(each, ast.Call) else each) for each in raised}


def _untold(function: ast.FunctionDef, handed_on: bool) -> Iterator[str]:
    """What a docstring keeps back; one line may do for a small function that other rooms do not use."""
    text = ast.get_docstring(function) or ""
    parameters = _parameters(function)
    if not handed_on and "\n" not in text and len(parameters) <= MOST_PARAMETERS_OF_A_LINE:
        return
    heads = [line.split(" : ")[0] for line in (_section(text, "Parameters") or "").splitlines() if line and not line.startswith(" ")]
    told = {name.strip().lstrip("*") for head in heads for name in head.split(",")}
    yield from (f"parameter {name}" for name in parameters ^ told)
    is_property = any("property" in ast.unparse(each) for each in function.decorator_list)
    returned = ast.unparse(function.returns) if function.returns else ""
    generated = any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(function))
    if generated and _section(text, "Yields") is None:
        yield "Yields"
    if not generated and not is_property and TOLD.search(returned) and _section(text, "Returns") is None:
        yield "Returns"
    yield from (f"Raises {name}" for name in _raised(function) if name not in (_section(text, "Raises") or ""))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_functions_tell_their_parameters_results_and_errors(path: Path) -> None:
    handed_on = _handed_on(path)
    functions = _functions(path.read_text(encoding="utf-8"))
    untold = {name: [*_untold(function, name.split(".")[0] in handed_on)] for name, function in functions}
    assert {name: missing for name, missing in untold.items() if missing} == {}


@pytest.mark.parametrize(
    ("docstring", "untold"),
    [
        ("Twice the values.", {"parameter values", "Returns", "Raises InputError"}),
        (
            "Twice.\n\nParameters\n----------\nvalues : (n,)\n\nReturns\n-------\n(n,)\n\nRaises\n------\nInputError\n    if empty\n",
            set(),
        ),
        (
            "Twice.\n\nParameters\n----------\nvalue : (n,)\n\nReturns\n-------\n(n,)\n\nRaises\n------\nInputError\n    if empty\n",
            {"parameter values", "parameter value"},
        ),
    ],
)
def test_what_a_docstring_keeps_back_is_found(docstring: str, untold: set[str]) -> None:
    indented = docstring.replace("\n", "\n    ")
    code = f'def twice(values: np.ndarray) -> np.ndarray:\n    """{indented}"""\n    raise InputError("empty")\n'
    assert set(_untold(next(_functions(code))[1], handed_on=True)) == untold


def _is_number(value: ast.expr | None) -> bool:
    """Whether an expression is a number, several, or made of numbers alone."""
    match value:
        case ast.Constant():
            return isinstance(value.value, int | float) and not isinstance(value.value, bool)
        case ast.Tuple() | ast.List():
            return bool(value.elts) and all(map(_is_number, value.elts))
        case ast.UnaryOp():
            return _is_number(value.operand)
        case ast.BinOp():
            return _is_number(value.left) or _is_number(value.right)
    return False


def _unexplained(text: str) -> list[str]:
    """Numbers at the top of a module whose block of lines has no comment above them, nor one beside them."""
    lines, found = text.splitlines(), []
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and _is_number(statement.value):
            block = "".join(f"{line}\n" for line in lines[: statement.lineno - 1]).rpartition("\n\n")[2]
            if not re.search(r"^#", block, flags=re.MULTILINE) and "  # " not in lines[statement.lineno - 1]:
                found.append(lines[statement.lineno - 1])
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_numbers_that_were_chosen_say_what_they_rest_on(path: Path) -> None:
    assert _unexplained(path.read_text(encoding="utf-8")) == []


def test_a_number_without_a_word_is_found() -> None:
    assert _unexplained('"""Of a module."""\n\n# why\nFIRST = 1.0\nSECOND = (2, -3)\n\nTHIRD = 2**16\n') == ["THIRD = 2**16"]
