"""Sixteen frames side by side as one value: what the compiled kernels compute with.

A compiler turns a plain loop over frames into vector instructions only where it can prove that no
two arrays overlap, which it mostly can't. Lanes say it outright: `load` fetches the values of
``WIDTH`` successive frames, operators and the functions below work on all of them, `store` puts
them back. Lanes never mix, so that results do not depend on the width of the processor's registers.
Under ``NUMBA_DISABLE_JIT=1`` a short numpy array stands for them.
"""

from __future__ import annotations

import operator

import numba
import numpy as np
from llvmlite import ir
from numba.core.cgutils import get_or_insert_function
from numba.core.errors import TypingError
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model
from numba.types import Float, Type, float32, float64, intp, void

__all__ = [
    "WIDTH",
    "below",
    "count_less",
    "less",
    "load",
    "maximum",
    "minimum",
    "root",
    "spread",
    "store",
    "widen",
]

WIDTH = 16
_SCALARS = {float32: ir.FloatType(), float64: ir.DoubleType()}


class LanesType(Type):
    """What numba knows lanes by."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.vector = ir.VectorType(_SCALARS[dtype], WIDTH)
        super().__init__(name=f"Lanes({dtype})")


@register_model(LanesType)
class _Model(models.PrimitiveModel):
    """In the machine they are a vector."""

    def __init__(self, manager, lanes):
        super().__init__(manager, lanes, lanes.vector)


# --- between arrays and lanes -------------------------------------------------------------------


def _address(context, builder, kind, array, row, frame):
    """Where ``array[row, frame]`` stands in a contiguous array, as the address of a vector."""
    struct = context.make_array(kind)(context, builder, array)
    n_frames = builder.extract_value(struct.shape, 1)
    index = builder.add(builder.mul(row, n_frames), frame)
    address = builder.gep(struct.data, [index])
    return builder.bitcast(address, LanesType(kind.dtype).vector.as_pointer())


def _check_contiguous(array):
    """Compile nothing that would read the wrong memory."""
    if array.layout != "C" or array.ndim != 2:
        raise TypingError(f"lanes need a contiguous array of two dimensions, not {array}")


def _convert(builder, value, vector):
    """A vector or a scalar as a vector of the given type."""
    scalar = value.type.element if isinstance(value.type, ir.VectorType) else value.type
    target = vector if isinstance(value.type, ir.VectorType) else vector.element
    if scalar != vector.element:
        widening = vector.element == _SCALARS[float64]
        value = builder.fpext(value, target) if widening else builder.fptrunc(value, target)
    return value if target is vector else _splat(builder, value, vector)


def _splat(builder, scalar, vector):
    """A scalar in every lane."""
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, nothing, zeros)


@intrinsic
def load(typing, array, row, frame):
    """The values of ``array[row]`` at `frame` and the frames after it; the array is contiguous."""
    _check_contiguous(array)

    def generate(context, builder, sig, args):
        return builder.load(_address(context, builder, sig.args[0], *args), align=4)

    return LanesType(array.dtype)(array, intp, intp), generate


@intrinsic
def store(typing, array, row, frame, lanes):
    """Write to ``array[row]`` from `frame` on, in the array's precision."""
    _check_contiguous(array)

    def generate(context, builder, sig, args):
        *place, value = args
        address = _address(context, builder, sig.args[0], *place)
        builder.store(_convert(builder, value, address.type.pointee), address, align=4)
        return context.get_dummy_value()

    return void(array, intp, intp, lanes), generate


@intrinsic
def spread(typing, scalar):
    """A number in every lane, float64."""

    def generate(context, builder, sig, args):
        return _convert(builder, args[0], sig.return_type.vector)

    return LanesType(float64)(float64), generate


@intrinsic
def widen(typing, lanes):
    """Lanes in float64."""

    def generate(context, builder, sig, args):
        return _convert(builder, args[0], sig.return_type.vector)

    return LanesType(float64)(lanes), generate


# --- arithmetic ---------------------------------------------------------------------------------


def _lower_operator(operation, instruction):
    """Lanes with lanes of the same precision, or with a number, which takes theirs."""

    @infer_global(operation)
    class Template(AbstractTemplate):
        def generic(self, args, kws):
            lanes = [kind for kind in args if isinstance(kind, LanesType)]
            others = [kind for kind in args if not isinstance(kind, (LanesType, Float))]
            if not lanes or others or len(set(lanes)) > 1:
                return None
            return signature(lanes[0], *args)

    def generate(context, builder, sig, args):
        operands = [_convert(builder, value, sig.return_type.vector) for value in args]
        return getattr(builder, instruction)(*operands)

    for kinds in [(LanesType, LanesType), (LanesType, Float), (Float, LanesType)]:
        lower_builtin(operation, *kinds)(generate)


_lower_operator(operator.add, "fadd")
_lower_operator(operator.iadd, "fadd")
_lower_operator(operator.sub, "fsub")
_lower_operator(operator.mul, "fmul")
_lower_operator(operator.imul, "fmul")
_lower_operator(operator.truediv, "fdiv")


def _select(comparison):
    """An intrinsic that takes the first of two where they compare so, else the second."""

    def typed(typing, first, second):
        def generate(context, builder, sig, args):
            return builder.select(builder.fcmp_ordered(comparison, *args), *args)

        return first(first, second), generate

    return intrinsic(typed)


minimum = _select("<")
maximum = _select(">")


@intrinsic
def less(typing, first, second):
    """1.0 where the first is below the second, lanes or a number, else 0.0."""

    def generate(context, builder, sig, args):
        vector = sig.return_type.vector
        below = builder.fcmp_ordered("<", args[0], _convert(builder, args[1], vector))
        return builder.select(below, *(ir.Constant(vector, [x] * WIDTH) for x in (1.0, 0.0)))

    return first(first, second), generate


@intrinsic
def below(typing, values, limit):
    """The values that are below a number, minus infinity in place of the others."""

    def generate(context, builder, sig, args):
        vector = args[0].type
        smaller = builder.fcmp_ordered("<", args[0], _convert(builder, args[1], vector))
        return builder.select(smaller, args[0], ir.Constant(vector, [-np.inf] * WIDTH))

    return values(values, limit), generate


@intrinsic
def count_less(typing, first, second):
    """In how many lanes the first is below the second, lanes or a number."""

    def generate(context, builder, sig, args):
        other = _convert(builder, args[1], args[0].type)
        lanes = builder.bitcast(builder.fcmp_ordered("<", args[0], other), ir.IntType(WIDTH))
        return builder.zext(builder.ctpop(lanes), ir.IntType(intp.bitwidth))

    return intp(first, second), generate


@intrinsic
def root(typing, lanes):
    """Square roots."""

    def generate(context, builder, sig, args):
        vector = args[0].type
        name = f"llvm.sqrt.v{WIDTH}{vector.element.intrinsic_name}"
        function = ir.FunctionType(vector, [vector])
        return builder.call(get_or_insert_function(builder.module, function, name), args)

    return lanes(lanes), generate


# --- without the compiler -----------------------------------------------------------------------

if numba.config.DISABLE_JIT:

    def load(array, row, frame):
        return array[row, frame : frame + WIDTH].copy()

    def store(array, row, frame, lanes):
        array[row, frame : frame + WIDTH] = lanes

    def spread(scalar):
        return np.full(WIDTH, scalar)

    def widen(lanes):
        return lanes.astype(np.float64)

    def less(first, second):
        return (first < second).astype(first.dtype)

    def below(values, limit):
        return np.where(values < limit, values, -np.inf)

    def count_less(first, second):
        return int((first < second).sum())

    minimum, maximum, root = np.minimum, np.maximum, np.sqrt
