"""Networks that go through time step by step."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from genrekit.training._blocks import Blocks, Recurrent, check_sizes, decide

__all__ = ["crnn", "lstm"]

Shapes = Sequence[tuple[int, ...]]


def lstm(
    shapes: Shapes, n_classes: int, *, units: int = 64, layers: int = 2, dropout: float = 0.3
) -> nn.Module:
    """Two bidirectional layers of LSTM over frames.

    ::

        (n, rows, frames)
        LSTM both ways, dropout, LSTM both ways, normalisation   (n, frames, 128)
        mean and maximum over time                               (n, 256)
        dropout, linear                                          (n, n_classes)

    After Tang, Chui, Yu, Zeng, Wong: "Music genre classification using a hierarchical long short
    term memory (LSTM) model", 2018, both ways as in Graves, Jaitly, Mohamed: "Hybrid speech
    recognition with deep bidirectional LSTM", 2013; with layer normalisation.

    Parameters
    ----------
    shapes : sequence of tuple
        That of the frames, (n_rows, n_frames).
    n_classes : int
        How many genres.
    units : int, default=64
        Units of a layer, each way.
    layers : int, default=2
        How many layers.
    dropout : float, default=0.3
        Share of features that a training step leaves out, between layers and at the end.

    Returns
    -------
    torch.nn.Module
        The network.
    """
    stack = Recurrent(shapes[0], units, layers, dropout)
    return decide(stack, stack.n_features, n_classes, dropout)


def crnn(
    shapes: Shapes,
    n_classes: int,
    *,
    width: int = 32,
    blocks: int = 3,
    units: int = 128,
    layers: int = 2,
    dropout: float = 0.3,
) -> nn.Module:
    """Convolutions on a picture, then two layers of GRU over what they leave of time.

    ::

        (n, rows, frames)
        3 blocks: 3 x 3, normalisation, ReLU, maximum of 2 x 2   (n, 128, rows / 8, frames / 8)
        GRU, dropout, GRU, its last state                        (n, 128)
        dropout, linear                                          (n, n_classes)

    After Choi, Fazekas, Sandler, Cho: "Convolutional recurrent neural networks for music
    classification", ICASSP 2017.

    Parameters
    ----------
    shapes : sequence of tuple
        That of the picture, (n_rows, n_frames).
    n_classes : int
        How many genres.
    width : int, default=32
        Channels of the first block; each has twice those of the one before.
    blocks : int, default=3
        How many blocks. A short axis is pooled by fewer of them.
    units : int, default=128
        Units of a layer of GRU.
    layers : int, default=2
        How many layers of GRU.
    dropout : float, default=0.3
        Share of features that a training step leaves out, between layers and at the end.

    Returns
    -------
    torch.nn.Module
        The network.
    """
    check_sizes(units=units, layers=layers)
    stack = Blocks(shapes[0], width, blocks)
    gru = _LastState(stack.n_units, units, layers, dropout)
    return decide(nn.Sequential(stack, gru), units, n_classes, dropout)


class _LastState(nn.Module):
    """GRU over frames: (n, rows, frames) to (n, units)."""

    def __init__(self, rows: int, units: int, layers: int, dropout: float) -> None:
        super().__init__()
        between = dropout if layers > 1 else 0.0  # torch warns where there is nothing between
        self.gru = nn.GRU(rows, units, layers, batch_first=True, dropout=between)

    def forward(self, x: Tensor) -> Tensor:
        """Frames in, the state after the last one out."""
        states, _ = self.gru(x.transpose(1, 2))
        return states[:, -1]
