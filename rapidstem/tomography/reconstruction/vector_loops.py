"""Loops over a sparse matrix with a vector of slices in registers, written for LLVM, which chooses the processor's instructions.

numba's own loops over slices read and write the running sums for every element. These keep the sums of a row in registers.
The width of the vectors is that of a tuple, so that numba compiles the loops for each width; where the processor has no registers of
that width, LLVM takes several.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# Elements together, each with sums of its own, so that no sum waits for the one before: two, as registers are few.
ELEMENTS_TOGETHER = 2
_FLOAT, _PLACE, _INTEGER = ir.FloatType(), ir.IntType(16), ir.IntType(64)
# Rows of vectors need not lie at multiples of their length in memory.
_ALIGNMENT = 4


class _Loop:
    """What the two loops share: elements of the matrix and vectors, in LLVM's terms."""

    def __init__(self, builder: ir.IRBuilder, width: int, value: ir.Value, place: ir.Value) -> None:
        self.builder, self.width = builder, width
        self.vector = ir.VectorType(_FLOAT, width)
        self._value = builder.inttoptr(value, _FLOAT.as_pointer())
        self._place = builder.inttoptr(place, _PLACE.as_pointer())

    def address(self, number: ir.Value) -> ir.Value:
        return self.builder.inttoptr(number, self.vector.as_pointer())

    def load(self, address: ir.Value) -> ir.Value:
        loaded = self.builder.load(address)
        loaded.align = _ALIGNMENT
        return loaded

    def store(self, vector: ir.Value, address: ir.Value) -> None:
        self.builder.store(vector, address).align = _ALIGNMENT

    def value(self, element: ir.Value) -> ir.Value:
        """An element of the matrix, in every component of a vector."""
        nothing, first = ir.Constant(self.vector, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        one = self.builder.insert_element(nothing, self.builder.load(self.builder.gep(self._value, [element])), first)
        return self.builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width))

    def row(self, base: ir.Value, element: ir.Value) -> ir.Value:
        """Address of the vector that an element is multiplied with."""
        place = self.builder.load(self.builder.gep(self._place, [element]))
        return self.builder.gep(base, [self.builder.zext(place, _INTEGER)])

    def multiplied_and_added(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.fmuladd.v{self.width}f32"), [a, b, c])


def _loop_over_elements(emit: Callable[[_Loop, Any], None]) -> Callable[..., tuple[Any, Any]]:
    """An intrinsic of numba from what it emits: (width, value, place, first, last, source, target), addresses as integers."""

    def typed(_context: Any, width: Any, *numbers: Any) -> tuple[Any, Any]:
        def generated(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
            emit(_Loop(builder, width.count, arguments[1], arguments[2]), arguments[3:])
            return context.get_dummy_value()

        return types.void(width, *[types.intp] * len(numbers)), generated

    return typed


def _emit_sum(loop: _Loop, arguments: Any) -> None:
    first, last, source, target = arguments
    builder, sum_address = loop.builder, loop.address(target)
    sums = [cgutils.alloca_once(builder, loop.vector) for _ in range(ELEMENTS_TOGETHER)]
    builder.store(loop.load(sum_address), sums[0])
    for later in sums[1:]:
        builder.store(ir.Constant(loop.vector, [0.0] * loop.width), later)
    vectors = loop.address(source)
    with cgutils.for_range_slice(builder, first, last, ir.Constant(_INTEGER, ELEMENTS_TOGETHER)) as (start, _):
        for number, total in enumerate(sums):
            element = builder.add(start, ir.Constant(_INTEGER, number))
            added = loop.multiplied_and_added(loop.value(element), loop.load(loop.row(vectors, element)), builder.load(total))
            builder.store(added, total)
    whole = builder.load(sums[0])
    for later in sums[1:]:
        whole = builder.fadd(whole, builder.load(later))
    loop.store(whole, sum_address)


def _emit_spread(loop: _Loop, arguments: Any) -> None:
    first, last, source, target = arguments
    vector, vectors = loop.load(loop.address(source)), loop.address(target)
    with cgutils.for_range_slice(loop.builder, first, last, ir.Constant(_INTEGER, 1)) as (element, _):
        address = loop.row(vectors, element)
        loop.store(loop.multiplied_and_added(loop.value(element), vector, loop.load(address)), address)


@intrinsic
def add_sum(typingctx, width, value, place, first, last, source, target):  # type: ignore[no-untyped-def]
    """Add elements, each times the vector at its place, to one vector; `last - first` is a multiple of `ELEMENTS_TOGETHER`.

    Parameters
    ----------
    typingctx
        numba's.
    width : tuple
        As long as a vector has components.
    value : int
        Address of the elements of the matrix, float32.
    place : int
        Address of their places, uint16, in vectors.
    first, last : int
        Range of elements.
    source : int
        Address of the vectors that the elements are multiplied with.
    target : int
        Address of the one vector that the sum is added to.
    """
    return _loop_over_elements(_emit_sum)(typingctx, width, value, place, first, last, source, target)


@intrinsic
def spread(typingctx, width, value, place, first, last, source, target):  # type: ignore[no-untyped-def]
    """Add one vector, times each element, to the vector at the element's place.

    Parameters
    ----------
    typingctx
        numba's.
    width : tuple
        As long as a vector has components.
    value : int
        Address of the elements of the matrix, float32.
    place : int
        Address of their places, uint16, in vectors.
    first, last : int
        Range of elements.
    source : int
        Address of the one vector.
    target : int
        Address of the vectors that are added to.
    """
    return _loop_over_elements(_emit_spread)(typingctx, width, value, place, first, last, source, target)
