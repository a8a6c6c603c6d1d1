"""Sixteen numbers at once inside numba kernels: what the processor calculates side by side, said outright.

LLVM turns them into one AVX-512 register, two of AVX2 or four of SSE and NEON, so the kernels are written once. Loops
left to its own vectoriser lose most of their speed on the short, ragged ones that templates make.

`Floats` are float32, `Ints` int32, `Choices` true or false; + - * / & | < <= >= == work lane by lane where they mean
something. These functions can be called from kernels only. numba takes a kernel from its cache on disk while the
kernel's own file is as it was: after a change here, delete __pycache__ beside them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

LANES = 16


class LanesType(types.Type):  # type: ignore[misc]  # numba has no types
    """A numba type of LANES equal numbers; equal by its name."""

    def __init__(self, name: str, element: ir.Type) -> None:
        self.element = element
        super().__init__(name=name)


FLOATS = LanesType("Floats", ir.FloatType())
INTS = LanesType("Ints", ir.IntType(32))
CHOICES = LanesType("Choices", ir.IntType(1))
_OF_SCALAR = {types.float32: FLOATS, types.int32: INTS}
# Products may be fused into sums, and nothing here is told apart by the sign of a zero.
_FLAGS = ("contract", "nsz")


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]  # numba has no types
    def __init__(self, manager: Any, lanes: LanesType) -> None:
        super().__init__(manager, lanes, ir.VectorType(lanes.element, LANES))


@intrinsic
def load(_context: Any, array: Any, index: Any) -> Any:
    """The LANES numbers of a one-dimensional contiguous array from an index on; they must lie inside it."""
    lanes = _OF_SCALAR[array.dtype]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, vector = _place(context, builder, signature.args[0], arguments), ir.VectorType(lanes.element, LANES)
        return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=4, typ=vector)

    return lanes(array, index), generate


@intrinsic
def store(_context: Any, array: Any, index: Any, lanes: Any) -> Any:
    """Write the lanes into a one-dimensional contiguous array from an index on; they must fit inside it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _place(context, builder, signature.args[0], arguments)
        builder.store(arguments[2], builder.bitcast(pointer, arguments[2].type.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, index, lanes), generate


@intrinsic
def prefetch(_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line at an index, which may lie outside the array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, bits = _place(context, builder, signature.args[0], arguments), ir.IntType(32)
        pointer = builder.bitcast(pointer, ir.IntType(8).as_pointer())
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [pointer.type, bits, bits, bits]), "llvm.prefetch.p0"
        )
        builder.call(function, [pointer, bits(0), bits(3), bits(1)])  # to be read, into the nearest cache, data
        return context.get_dummy_value()

    return types.void(array, index), generate


@intrinsic
def splat(_context: Any, number: Any) -> Any:
    """The same number in every lane: a float32 as Floats, an integer of any width (it must fit) as Ints."""
    lanes = INTS if isinstance(number, types.Integer) else _OF_SCALAR[number]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector, given = ir.VectorType(lanes.element, LANES), signature.args[0]
        value = context.cast(builder, arguments[0], given, types.int32) if lanes == INTS else arguments[0]
        single = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
        return _shuffled(builder, single, single, [0] * LANES)

    return lanes(number), generate


@intrinsic
def count_up(_context: Any) -> Any:
    """0, 1, 2 ... as Ints."""
    vector = ir.VectorType(INTS.element, LANES)
    return INTS(), lambda _inner, _builder, _signature, _arguments: ir.Constant(vector, list(range(LANES)))


@intrinsic
def choose(_context: Any, choices: Any, yes: Any, no: Any) -> Any:
    """Where a choice holds `yes`, elsewhere `no`."""
    return yes(choices, yes, no), lambda _inner, builder, _signature, arguments: builder.select(*arguments)


@intrinsic
def square_root(_context: Any, lanes: Any) -> Any:
    """The square root of Floats."""
    return FLOATS(lanes), _calling("llvm.sqrt.v16f32")


@intrinsic
def as_floats(_context: Any, lanes: Any) -> Any:
    """Ints as Floats."""
    vector = ir.VectorType(FLOATS.element, LANES)
    return FLOATS(lanes), lambda _inner, builder, _signature, arguments: builder.sitofp(arguments[0], vector)


@intrinsic
def shifted_in(_context: Any, below: Any, lanes: Any) -> Any:
    """The lanes moved up by one; lane 0 is the last lane of `below`."""
    return lanes(below, lanes), _shifting(1)


@intrinsic
def shifted_in_twice(_context: Any, below: Any, lanes: Any) -> Any:
    """The lanes moved up by two; lanes 0 and 1 are the last two of `below`."""
    return lanes(below, lanes), _shifting(2)


@intrinsic
def least(_context: Any, lanes: Any) -> Any:
    """The least of Floats or Ints."""
    if lanes == FLOATS:
        return types.float32(lanes), _calling("llvm.vector.reduce.fmin.v16f32")
    return types.int32(lanes), _calling("llvm.vector.reduce.smin.v16i32")


@intrinsic
def total(_context: Any, lanes: Any) -> Any:
    """The sum of Floats, in any order."""

    def generate(_inner: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        number = ir.FloatType()
        function_type = ir.FunctionType(number, [number, arguments[0].type])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.vector.reduce.fadd.v16f32")
        return builder.call(function, [number(0.0), arguments[0]], fastmath=("reassoc",))

    return types.float32(lanes), generate


def _place(context: Any, builder: Any, array_type: Any, arguments: Any) -> Any:
    array = context.make_array(array_type)(context, builder, arguments[0])
    return builder.gep(array.data, [arguments[1]])


def _shuffled(builder: Any, first: Any, second: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(ir.IntType(32), LANES), order))


def _shifting(steps: int) -> Callable[..., Any]:
    order = [LANES - steps + lane for lane in range(LANES)]
    return lambda _context, builder, _signature, given: _shuffled(builder, given[0], given[1], order)


def _calling(name: str) -> Callable[..., Any]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        result = context.get_value_type(signature.return_type)
        function_type = ir.FunctionType(result, [argument.type for argument in arguments])
        return builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), arguments)

    return generate


def _lane_by_lane(operation: Any, builds: Mapping[LanesType, Callable[..., Any]], answer: Any = None) -> None:
    """Make an operator work on two of the same of these types; it answers that type too, or `answer`."""

    @type_callable(operation)
    def types_of(_context: Any) -> Callable[[Any, Any], Any]:
        return lambda a, b: (answer or a) if a == b and a in builds else None

    @lower_builtin(operation, LanesType, LanesType)
    def generate(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builds[signature.args[0]](builder, *arguments)


_lane_by_lane(operator.add, {FLOATS: lambda b, x, y: b.fadd(x, y, flags=_FLAGS), INTS: ir.IRBuilder.add})
_lane_by_lane(operator.sub, {FLOATS: lambda b, x, y: b.fsub(x, y, flags=_FLAGS), INTS: ir.IRBuilder.sub})
_lane_by_lane(operator.mul, {FLOATS: lambda b, x, y: b.fmul(x, y, flags=_FLAGS), INTS: ir.IRBuilder.mul})
_lane_by_lane(operator.truediv, {FLOATS: lambda b, x, y: b.fdiv(x, y, flags=_FLAGS)})
_lane_by_lane(operator.and_, {INTS: ir.IRBuilder.and_, CHOICES: ir.IRBuilder.and_})
_lane_by_lane(operator.or_, {INTS: ir.IRBuilder.or_, CHOICES: ir.IRBuilder.or_})
for _sign, _operator in (("<", operator.lt), ("<=", operator.le), (">=", operator.ge), ("==", operator.eq)):
    _lane_by_lane(
        _operator,
        {
            FLOATS: lambda b, x, y, sign=_sign: b.fcmp_ordered(sign, x, y),
            INTS: lambda b, x, y, sign=_sign: b.icmp_signed(sign, x, y),
        },
        answer=CHOICES,
    )
