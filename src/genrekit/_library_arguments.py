"""The arguments for a whole library: ``predict -o``, ``write-tags``, ``duplicates``, labels."""

from __future__ import annotations

import argparse
from pathlib import Path

from genrekit._argument_types import path_ending, probability, whole_number

__all__ = [
    "add_duplicates",
    "add_genre_table",
    "add_labels",
    "add_model",
    "add_rejecting",
    "add_write_tags",
    "check_genre_table",
    "check_labels",
    "check_write_tags",
]


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare what predicts."""
    parser.add_argument(
        "-m",
        "--model",
        default="genres",
        help="what `genrekit train` saved, or a pretrained one: genres, gtzan10, msd-genres "
        "(default: genres)",
    )


def add_rejecting(parser: argparse.ArgumentParser, novel: str = "such as 0.95") -> None:
    """Declare when no genre is said."""
    parser.add_argument(
        "--reject-below",
        type=probability,
        metavar="P",
        help="say unknown where no genre is as probable, from 0 to 1",
    )
    parser.add_argument(
        "--reject-novel",
        type=probability,
        metavar="N",
        help=f"say unknown of what is more novel to the model, from 0 to 1, {novel}",
    )


def add_genre_table(parser: argparse.ArgumentParser) -> None:
    """Declare what writes genres into a table."""
    parser.add_argument(
        "-o",
        "--output",
        type=path_ending(".csv", ".parquet", ".json"),
        metavar="TABLE",
        help="write a table instead of printing: .csv, .parquet, .json; a run that was stopped "
        "goes on, and a table that is there is brought up to date",
    )
    parser.add_argument(
        "--log-json",
        action="store_true",
        help="with -o: how far it is, an object a line, once a second at most",
    )


def check_genre_table(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End the program where options don't go together."""
    if args.output is not None and args.json:
        parser.error("argument --json: not allowed with -o, which may end in .json")
    if args.log_json and args.output is None:
        parser.error("argument --log-json: goes with -o")


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Declare where genres are found."""
    parser.add_argument(
        "--labels",
        choices=("folders", "tags"),
        default="folders",
        help="where the genres of a FOLDER are: its sub-folders, or the tags of its files, which "
        "name artists to hold together as well (default: folders)",
    )
    parser.add_argument(
        "--min-artists",
        type=whole_number(1),
        metavar="N",
        help="with --labels tags: leave genres by fewer artists out",
    )


def check_labels(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End the program where options don't go together."""
    if args.min_artists is not None and args.labels != "tags":
        parser.error("argument --min-artists: goes with --labels tags")


def add_duplicates(parser: argparse.ArgumentParser) -> None:
    """Declare what ``genrekit duplicates`` takes."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file or a folder")
    parser.add_argument(
        "-o",
        "--output",
        type=path_ending(".csv", ".json"),
        metavar="TABLE",
        help="write it instead of printing it: .csv, .json",
    )


def add_write_tags(parser: argparse.ArgumentParser) -> None:
    """Declare what ``genrekit write-tags`` takes."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="a file or a folder")
    add_model(parser)
    parser.add_argument(
        "--threshold",
        type=probability,
        metavar="P",
        help="write every genre that is as probable, from 0 to 1, and none where none is "
        "(default: the most probable one)",
    )
    add_rejecting(parser, "(default: 0.95, or what the model was saved with)")
    parser.add_argument(
        "--existing",
        choices=("keep", "add", "replace"),
        default="keep",
        help="what becomes of the genres that a file has (default: keep, and nothing is written)",
    )
    parser.add_argument("--write", action="store_true", help="do it; otherwise it is only shown")
    parser.add_argument(
        "--undo-file",
        type=Path,
        metavar="FILE",
        help="where --write first notes what there was (default: genrekit-undo-TIME.jsonl)",
    )
    parser.add_argument(
        "--undo", type=Path, metavar="FILE", help="restore the genres noted there, and do no more"
    )
    parser.add_argument("--json", action="store_true", help="print an array, an object a file")


def check_write_tags(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End the program where options don't go together."""
    if args.undo is None and not args.files:
        parser.error("the following arguments are required: FILE")
    if args.undo is not None and args.files:
        parser.error("argument --undo: takes no FILE, it names all that was written")
    if args.undo is not None and (args.write or args.undo_file):
        parser.error("argument --undo: not allowed with --write and --undo-file")
    if args.undo_file is not None and not args.write:
        parser.error("argument --undo-file: goes with --write")
