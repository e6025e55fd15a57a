"""Networks of convolutions: on pictures, over time, on the waveform."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from genrekit.training._blocks import Picture, Samples, Steps, decide

__all__ = ["cnn", "cnn1d", "raw"]

Shapes = Sequence[tuple[int, ...]]


def cnn(
    shapes: Shapes,
    n_classes: int,
    *,
    width: int = 32,
    blocks: int = 4,
    units: int = 256,
    dropout: float = 0.3,
) -> nn.Module:
    """Convolutions in two dimensions on a picture of rows and frames.

    ::

        (n, rows, frames)
        4 blocks: 3 x 3, normalisation, ReLU, maximum of 2 x 2   (n, 256, rows / 16, frames / 16)
        channels x rows to units, normalisation, ReLU            (n, 256, frames / 16)
        mean and maximum over time                               (n, 512)
        dropout, linear                                          (n, n_classes)

    After Choi, Fazekas, Sandler: "Automatic tagging using deep convolutional neural networks",
    ISMIR 2016; the last steps over time are those of Pons and Serra's musicnn, 2019.

    Parameters
    ----------
    shapes : sequence of tuple
        That of the picture, (n_rows, n_frames).
    n_classes : int
        How many genres.
    width : int, default=32
        Channels of the first block; each has twice those of the one before.
    blocks : int, default=4
        How many blocks. A short axis is pooled by fewer of them.
    units : int, default=256
        What a frame is described by in the end.
    dropout : float, default=0.3
        Share of features that a training step leaves out.

    Returns
    -------
    torch.nn.Module
        The network.
    """
    stack = Picture(shapes[0], width, blocks, units)
    return decide(stack, stack.n_features, n_classes, dropout)


def cnn1d(
    shapes: Shapes, n_classes: int, *, width: int = 128, blocks: int = 3, dropout: float = 0.3
) -> nn.Module:
    """Convolutions over time, with the rows as channels: for embeddings, MFCC and mel bands.

    ::

        (n, rows, frames)
        3 blocks: 3 frames, normalisation, ReLU, maximum of 2    (n, 128, frames / 8)
        mean and maximum over time                               (n, 256)
        dropout, linear                                          (n, n_classes)

    After Dieleman, Schrauwen: "End-to-end learning for music audio", ICASSP 2014.

    Parameters
    ----------
    shapes : sequence of tuple
        That of the frames, (n_rows, n_frames).
    n_classes : int
        How many genres.
    width : int, default=128
        Channels of each block.
    blocks : int, default=3
        How many blocks. A short sequence is pooled by fewer of them.
    dropout : float, default=0.3
        Share of features that a training step leaves out.

    Returns
    -------
    torch.nn.Module
        The network.
    """
    stack = Steps(shapes[0], width, blocks)
    return decide(stack, stack.n_features, n_classes, dropout)


def raw(
    shapes: Shapes, n_classes: int, *, width: int = 32, blocks: int = 8, dropout: float = 0.3
) -> nn.Module:
    """Convolutions on the waveform itself.

    ::

        (n, samples)
        3 samples at every third, normalisation, ReLU            (n, 32, samples / 3)
        8 blocks: 3 steps, normalisation, ReLU, maximum of 3     (n, 128, samples / 3 ** 9)
        mean and maximum over time                               (n, 256)
        dropout, linear                                          (n, n_classes)

    After Lee, Park, Kim, Nam: "Sample-level deep convolutional neural networks for music
    auto-tagging using raw waveforms", SMC 2017, with a quarter of its channels.

    Parameters
    ----------
    shapes : sequence of tuple
        That of the waveform, (n_samples,).
    n_classes : int
        How many genres.
    width : int, default=32
        Channels of the first blocks; they double every third block.
    blocks : int, default=8
        How many blocks. A short waveform is pooled by fewer of them.
    dropout : float, default=0.3
        Share of features that a training step leaves out.

    Returns
    -------
    torch.nn.Module
        The network.
    """
    stack = Samples(shapes[0], width, blocks)
    return decide(stack, stack.n_features, n_classes, dropout)
