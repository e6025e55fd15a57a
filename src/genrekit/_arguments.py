"""The arguments of the ``genrekit`` command."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any, NoReturn

import genrekit
from genrekit._argument_types import (
    feature_names,
    jobs,
    one_of,
    path_ending,
    path_ending_or_folder,
    whole_number,
)
from genrekit._learner_arguments import add_learner, check_learner
from genrekit._library_arguments import (
    add_duplicates,
    add_genre_table,
    add_labels,
    add_model,
    add_rejecting,
    add_write_tags,
    check_genre_table,
    check_labels,
    check_write_tags,
)
from genrekit._tables import TABLE_SUFFIXES
from genrekit._text import printable

_EPILOG = """\
exit codes: 0 all went well, 1 error, 2 wrong usage, 3 some files could not be decoded
(the others are in the result), 130 stopped with Ctrl-C.
"""


class _Parser(argparse.ArgumentParser):
    """Quotes what was typed, or what a shell's pattern found, in a way that is safe to print."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the arguments; wrong usage ends the program."""
    args, unknown = _make_parser().parse_known_args(argv)
    if unknown:
        args.parser.error(f"unrecognized arguments: {' '.join(unknown)}{_of_files(unknown)}")
    if args.command == "predict":
        check_genre_table(args.parser, args)
    if args.command == "write-tags":
        check_write_tags(args.parser, args)
    if hasattr(args, "labels"):
        check_labels(args.parser, args)
    if hasattr(args, "network") and hasattr(args, "model"):
        check_learner(args.parser, args)
    if args.command == "extract" and args.output.suffix.lower() in TABLE_SUFFIXES:
        _check_whole_table(args)
    if getattr(args, "cluster", None) and args.n_jobs is not None:
        args.parser.error("argument --n-jobs: not allowed with --cluster")
    return args


def _of_files(unknown: Sequence[str]) -> str:
    """What to do about files that were taken for options."""
    files = [name for name in unknown if os.path.lexists(name)]
    return f"; to name a file that begins so, write .{os.sep}{files[0]}" if files else ""


def _check_whole_table(args: argparse.Namespace) -> None:
    """Refuse options of a folder of rows where there is none."""
    for name in ("shard_size", "log_json", "cluster"):
        if getattr(args, name):
            option = "--" + name.replace("_", "-")
            args.parser.error(f"argument {option}: needs a folder, such as -o rows/")


def _make_parser() -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = _Parser(
        prog="genrekit",
        description="Audio files in, genres out.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"genrekit {genrekit.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_extract(commands)
    _add_train(commands)
    _add_predict(commands)
    _add_tags(commands)
    _add_write_tags(commands)
    _add_duplicates(commands)
    _add_models(commands)
    _add_evaluate(commands)
    _add_demo(commands)
    info = _add_command(commands, "info", "show versions, decoders, features and data sets")
    info.add_argument(
        "--compile",
        action="store_true",
        help="compile all kernels now, so that no command has to, and say where they are kept",
    )
    return parser


def _add_command(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    """Add a sub-command with what all of them have."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(parser=parser)
    return parser


def _add_extract(commands: Any) -> None:
    """Declare ``genrekit extract``."""
    parser = _add_command(commands, "extract", "write a table of features, a row a file")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder")
    parser.add_argument(
        "-o",
        "--output",
        type=path_ending_or_folder(*TABLE_SUFFIXES),
        required=True,
        metavar="TABLE",
        help=f"where to write: {', '.join(TABLE_SUFFIXES)}, or a folder such as rows/, which a run "
        "that was stopped goes on with",
    )
    parser.add_argument(
        "--shard-size",
        type=whole_number(1),
        metavar="N",
        help="rows of a file in that folder (default: 1000)",
    )
    parser.add_argument(
        "--log-json",
        action="store_true",
        help="how far it is, an object a line, whenever rows were written into that folder",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="let a dask cluster work, whose scheduler is there, such as tcp://host:8786; its "
        "workers must see the files and that folder",
    )
    parser.add_argument(
        "--genres",
        action=argparse.BooleanOptionalAction,
        help="a column genre: the sub-folder of PATH a file is in (default: where a folder holds "
        "nothing but two or more sub-folders of several files each)",
    )
    _add_reading(parser)


def _add_train(commands: Any) -> None:
    """Declare ``genrekit train``."""
    parser = _add_command(commands, "train", "fit a classifier on labelled tracks and save it")
    parser.add_argument(
        "source",
        metavar="FOLDER",
        help="one sub-folder a genre, or a CSV table with the columns path and genre",
    )
    parser.add_argument(
        "-o", "--output", type=path_ending(".skops"), required=True, metavar="MODEL.skops"
    )
    add_learner(parser, once=True)
    _add_groups(parser)
    parser.add_argument(
        "--on-error",
        choices=("raise", "nan"),
        default="raise",
        help="what an undecodable file does: stop, or be left out (default: raise)",
    )
    parser.add_argument("--random-state", type=int, default=0, metavar="SEED")
    _add_reading(parser)


class _FilesAfterModel(argparse.Action):
    """Files, of which the first may be a saved model."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        if values[0].endswith(".skops"):
            namespace.model, *values = values
        if not values:
            parser.error("the following arguments are required: FILE")
        namespace.files = values


def _add_predict(commands: Any) -> None:
    """Declare ``genrekit predict``."""
    parser = _add_command(commands, "predict", "predict the genres of files")
    parser.add_argument(
        "files",
        nargs="+",
        action=_FilesAfterModel,
        metavar="FILE",
        help="a file or a folder; a first one ending in .skops is the model",
    )
    add_model(parser)
    add_genre_table(parser)
    parser.add_argument("--json", action="store_true", help="print an array, an object a file")
    parser.add_argument(
        "--top-k", type=whole_number(1), default=3, metavar="K", help="genres to show (default: 3)"
    )
    add_rejecting(parser)
    _add_n_jobs(parser)


def _add_tags(commands: Any) -> None:
    """Declare ``genrekit tags``."""
    parser = _add_command(commands, "tags", "tag files with a pretrained network")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file or a folder")
    parser.add_argument("--json", action="store_true", help="print an array, an object a file")
    parser.add_argument(
        "--top-k", type=whole_number(1), default=5, metavar="K", help="tags to show (default: 5)"
    )
    parser.add_argument(
        "--network",
        default="msd-musicnn",
        metavar="NAME",
        help="a name of `genrekit models`, or a model card (default: msd-musicnn)",
    )
    _add_n_jobs(parser)


def _add_write_tags(commands: Any) -> None:
    """Declare ``genrekit write-tags``."""
    summary = "write predicted genres into the tags of files, or show what would be written"
    parser = _add_command(commands, "write-tags", summary)
    add_write_tags(parser)
    _add_n_jobs(parser)


def _add_duplicates(commands: Any) -> None:
    """Declare ``genrekit duplicates``."""
    summary = "find files that hold the same sound, whatever their names and tags"
    parser = _add_command(commands, "duplicates", summary)
    add_duplicates(parser)
    _add_n_jobs(parser)


def _add_models(commands: Any) -> None:
    """Declare ``genrekit models``."""
    parser = _add_command(commands, "models", "list the pretrained models, or download a network")
    parser.add_argument(
        "--fetch", metavar="NAME", help="download a network: its name, or the path of its card"
    )


def _add_evaluate(commands: Any) -> None:
    """Declare ``genrekit evaluate``."""
    parser = _add_command(commands, "evaluate", "cross-validate a classifier by track or by group")
    music = parser.add_mutually_exclusive_group(required=True)
    music.add_argument(
        "source",
        nargs="?",
        metavar="FOLDER",
        help="one sub-folder a genre, or a CSV table with the columns path and genre",
    )
    music.add_argument("--root", metavar="FOLDER", help="where the data set is")
    parser.add_argument(
        "--dataset",
        type=one_of("data set", _datasets),
        metavar="NAME",
        help="a data set, on its published split, see `genrekit info`",
    )
    parser.add_argument(
        "--subset",
        type=one_of("subset", _subsets),
        metavar="NAME",
        help="what of the data set, see `genrekit info` (default: the smallest subset)",
    )
    _add_groups(parser)
    parser.add_argument(
        "--folds", type=whole_number(2), metavar="N", help="default: 5, or the published split"
    )
    parser.add_argument(
        "--report", type=path_ending(".html"), metavar="PAGE.html", help="write a page about it"
    )
    add_learner(parser, once=False)
    parser.add_argument(
        "--on-error",
        choices=("raise", "nan"),
        default="raise",
        help="what an undecodable file does: stop, or count as wrong (default: raise)",
    )
    parser.add_argument("--random-state", type=int, default=0, metavar="SEED")
    _add_reading(parser)


def _add_demo(commands: Any) -> None:
    """Declare ``genrekit demo``."""
    parser = _add_command(commands, "demo", "show everything, on music or synthetic tracks")
    parser.add_argument(
        "--music", metavar="FOLDER", help="one sub-folder a genre (default: synthetic tracks)"
    )
    parser.add_argument(
        "-o", "--output", default="demo-output", metavar="FOLDER", help="default: demo-output"
    )
    parser.add_argument("--random-state", type=int, default=0, metavar="SEED")
    _add_n_jobs(parser)


def _add_groups(parser: argparse.ArgumentParser) -> None:
    """Declare where genres are found, and what belongs together."""
    add_labels(parser)
    parser.add_argument(
        "--groups",
        metavar="NAME",
        help="what must not be split: 'folder' (the one a file lies in) or a column of the table",
    )


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """Declare how files become features."""
    parser.add_argument(
        "--features",
        type=feature_names,
        metavar="SET",
        help="a named set or feature names with commas, see `genrekit info` (default: standard)",
    )
    parser.add_argument("--sr", type=int, metavar="HZ", help="sampling rate (default: 22050)")
    parser.add_argument("--offset", type=float, metavar="SECONDS", help="where to start reading")
    parser.add_argument("--duration", type=float, metavar="SECONDS", help="how much to read")
    parser.add_argument("--memory", metavar="FOLDER", help="keep features here for the next time")
    _add_n_jobs(parser)


def _add_n_jobs(parser: argparse.ArgumentParser) -> None:
    """Declare the number of jobs."""
    parser.add_argument("--n-jobs", type=jobs, metavar="N", help="files at a time; -1: all cores")


def _datasets() -> list[str]:
    """The data sets."""
    from genrekit.datasets import DATASETS

    return list(DATASETS)


def _subsets() -> list[str]:
    """The subsets that any of them has."""
    from genrekit.datasets import DATASETS

    return list(dict.fromkeys(subset for row in DATASETS.values() for subset in row.subsets))
