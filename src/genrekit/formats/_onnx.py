"""What an ONNX file refers to, read from its bytes before onnxruntime follows it."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["check_self_contained"]

# Which fields of which message of ONNX lead to tensors, by their numbers in onnx.proto.
_FIELDS = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
# Of a tensor: where its numbers are, and that they are elsewhere.
_ELSEWHERE = (13, 14)
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def check_self_contained(content: bytes) -> None:
    """Refuse a network whose numbers lie in other files, which no SHA-256 of a card covers.

    Parameters
    ----------
    content : bytes
        An ONNX file.

    Raises
    ------
    ValueError
        If it refers to other files, or is no ONNX file.
    """
    stack = [("model", memoryview(content))]
    while stack:
        kind, message = stack.pop()
        for number, value in _iter_fields(message):
            if kind == "tensor":
                if number in _ELSEWHERE and value:
                    raise ValueError(
                        "its numbers lie in another file: save it as one file (external data off)"
                    )
            elif number in _FIELDS[kind]:
                if isinstance(value, int):
                    raise ValueError("it is no ONNX file")
                stack.append((_FIELDS[kind][number], value))


def _iter_fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message in the wire format of protobuf: number and value."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(message, at)
        else:
            size = {_EIGHT: 8, _FOUR: 4}.get(wire, len(message) + 1)
        if size > len(message) - at:
            raise ValueError("it is no ONNX file")
        yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("it is no ONNX file")
