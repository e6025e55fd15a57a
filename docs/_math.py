"""Writes formulas as MathML, which browsers draw by themselves: no script, no request."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml


def write_inline(translator: Any, node: nodes.Node) -> None:
    """Write a formula within a line."""
    translator.body.append(_mathml(node.astext(), block=False))
    raise nodes.SkipNode


def write_block(translator: Any, node: nodes.Node) -> None:
    """Write a formula that stands alone."""
    translator.body.append(f'<div class="formula">{_mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def _mathml(formula: str, *, block: bool) -> str:
    """Translate a formula; one that can't be is an error, not a page with a hole."""
    return latex2mathml.tex2mathml(formula.replace("\n", " "), as_block=block)
