"""The ``genrekit`` command: arguments in, calls, tables out."""

# Every sub-command imports what it needs itself: `genrekit --help` stays quick, and `extract`
# does without scikit-learn where the library does.

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing, suppress
from typing import Any, NoReturn

from genrekit._answers import answers_as_text, rejections
from genrekit._arguments import parse_arguments
from genrekit._learner_arguments import OF_NETWORKS
from genrekit._messages import (
    ctrl_c_ends_all,
    epochs_told,
    failures,
    open_closed_streams,
    plain_warnings,
    plainly,
    print_anything,
    rows_told,
    tell,
    tell_failures,
    way_on,
)
from genrekit._tables import (
    TABLE_SUFFIXES,
    check_writable,
    growing_table,
    text_table,
    write_or_keep,
)
from genrekit._text import printable
from genrekit.exceptions import AudioContentWarning, TrackError
from genrekit.remote import without_secrets

_OK, _ERROR, _SOME_FAILED, _INTERRUPTED = 0, 1, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments without the program's name; None takes those of the process.

    Returns
    -------
    int
        The exit code: 0 all went well, 1 error, 3 some files could not be decoded, 130 stopped
        with Ctrl-C. Wrong usage exits with 2.

    Examples
    --------
    >>> from genrekit.cli import main
    >>> main(["predict", "no-such-model.skops", "song.mp3"])
    1
    """
    print_anything()
    args = parse_arguments(argv)
    try:
        with plain_warnings():
            code = _COMMANDS[args.command](args)
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        tell("stopped")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader, say `head`, has gone; Python would complain once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _ERROR
    except Exception as error:
        if args.debug:
            raise
        tell(f"error: {plainly(error)}{way_on(args, error)}")
        return _ERROR


def _extract(args: argparse.Namespace) -> int:
    """Write a table of features."""
    if args.output.suffix.lower() not in TABLE_SUFFIXES:
        return _extract_into_folder(args)
    from genrekit.datasets import find_audio
    from genrekit.engine import warn_of_tracks
    from genrekit.features import iter_rows

    check_writable(args.output)
    files = find_audio(args.paths, genres=args.genres)
    if args.genres and not any(files.genres):
        raise ValueError("--genres: none of the files lies in a sub-folder of a PATH")
    remarks = []
    with failures() as errors:
        rows = iter_rows(files.paths, **_reading(args))
        names = list(map(without_secrets, files.paths))
        growing = growing_table(args.output, names, files.genres, rows.names)
        with closing(rows), growing as append:
            for row in rows:
                errors += [row.error] if row.error else []
                append(row.values, row.error.summary if row.error else "")
                remarks.append(row.remark)
        warn_of_tracks(files.paths, [], remarks)
    n_read = len(files.paths) - len(errors)
    labelled = ", genres by sub-folder" if any(files.genres) else ""
    count = f"{n_read} of {len(files.paths)} files, {len(rows.names)} features{labelled}"
    print(printable(f"{count}: {args.output}"))
    return _done(errors)


def _extract_into_folder(args: argparse.Namespace) -> int:
    """Write rows into a folder, those that are not there yet."""
    from genrekit.datasets import find_audio
    from genrekit.features import extract
    from genrekit.shards import connected

    if args.genres:
        raise ValueError("--genres: a folder of rows has none, they are in the paths")
    files = find_audio(args.paths, genres=False)
    how = {**_reading(args), **_given(args, ["shard_size"]), "output": args.output}
    if args.log_json:
        how["verbose"] = 0
    with failures() as errors, rows_told(args.log_json), connected(args.cluster) as client:
        rows = extract(files.paths, client=client, **how).table
    count = f"{len(files.paths) - len(errors)} of {len(files.paths)} files"
    print(printable(f"{count}, {len(rows.names)} features: {args.output}{os.sep}"))
    return _done(errors)


def _train(args: argparse.Namespace) -> int:
    """Fit a classifier on labelled tracks and save it."""
    from genrekit._evaluate import find_tracks
    from genrekit._learners import fitted_remark, make_classifier
    from genrekit.persistence import save

    check_writable(args.output)
    classifier = make_classifier(args.model, args.network, **_fitting(args))
    how = {"labels": args.labels, "min_artists": args.min_artists, "on_error": args.on_error}
    tracks = find_tracks(args.source, groups=args.groups, **how)
    held_together = {"groups": tracks.groups} if tracks.unit != "track" else {}
    with failures(), epochs_told():
        classifier.fit(tracks.paths, tracks.target, **held_together)
    write_or_keep(args.output, lambda path: save(classifier, path))
    what = args.network or args.model
    print(printable(f"{what} {fitted_remark(classifier, len(tracks.paths))}: {args.output}"))
    return _done(classifier.fit_errors_)


def _predict(args: argparse.Namespace) -> int:
    """Predict the genres of files."""
    from genrekit._predict import load_classifier
    from genrekit.datasets import find_audio

    if args.output is not None:
        return _predict_into_table(args)
    model = load_classifier(args.model, n_jobs=args.n_jobs, verbose=_verbose())
    files = find_audio(args.files).paths
    contents: list[AudioContentWarning] = []
    answers, novelty, errors = _answer(model, files, args.top_k, contents)
    rejected = rejections(
        answers,
        contents,
        novelty,
        below=_or_own(args.reject_below, model, "reject_below"),
        novel=_or_own(args.reject_novel, model, "reject_novel"),
    )
    told = {"json": args.json, "rejected": rejected, "novelty": novelty}
    print(answers_as_text(files, answers, contents, errors, **told))
    return _done(errors)


def _predict_into_table(args: argparse.Namespace) -> int:
    """Write the genres of files into a table."""
    from genrekit._answers import check_novelty
    from genrekit._genre_rows import Asked, GenreTable
    from genrekit._predict import load_classifier
    from genrekit._predict_library import predict_into
    from genrekit.datasets import find_audio

    check_writable(args.output)
    # Files are worked on side by side, each by a model that works on one.
    model = load_classifier(args.model, n_jobs=1, verbose=0, on_error="raise")
    novel = _or_own(args.reject_novel, model, "reject_novel")
    check_novelty(novel, known=getattr(model, "novelty_", None) is not None)
    asked = Asked.of(args.model, min(args.top_k, len(model.classes_)))
    below = _or_own(args.reject_below, model, "reject_below")
    table = GenreTable(args.output, asked, below, novel)
    files = list(dict.fromkeys(find_audio(args.files).paths))
    with rows_told(args.log_json):
        how = {"n_jobs": args.n_jobs, "verbose": 0 if args.log_json else _verbose()}
        errors = predict_into(table, model, files, **how)
    print(printable(f"{len(files) - len(errors)} of {len(files)} files: {args.output}"))
    return _done(errors)


def _or_own(given: float | None, model: Any, name: str) -> float | None:
    """What the command line says, else what the model was saved with."""
    return getattr(model, name, None) if given is None else given


def _answer(
    model: Any, files: list[str], k: int, contents: list[AudioContentWarning]
) -> tuple[list[list[tuple[str, float | None]]], list[float] | None, list[TrackError]]:
    """Predict, with novelty and failures apart."""
    from genrekit._predict import top_genres

    with failures(contents) as errors:
        heard = top_genres(model, files, k)
    failed = {error.index for error in errors}
    best = [[] if i in failed else list(top) for i, top in enumerate(heard.genres)]
    return best, heard.novelty, errors


def _tags(args: argparse.Namespace) -> int:
    """Tag files with a pretrained network."""
    from genrekit.datasets import find_audio
    from genrekit.networks import EmbeddingPart, top_tags

    running = {"n_jobs": args.n_jobs, "verbose": _verbose(), "on_error": "nan"}
    tagger = EmbeddingPart(model=args.network)
    files = find_audio(args.files).paths
    contents: list[AudioContentWarning] = []
    with failures(contents) as errors:
        answers = top_tags(tagger, files, args.top_k, **running)
    print(answers_as_text(files, answers, contents, errors, json=args.json, what="tag"))
    return _done(errors)


def _write_tags(args: argparse.Namespace) -> int:
    """Write genres into the tags of files, or show what would be written."""
    from genrekit import _write_tags as writing
    from genrekit.tags import check_mutagen, write_undo

    check_mutagen()
    if args.undo is not None:
        return _undo_tags(args)
    undo = writing.free_undo(args.undo_file) if args.write else None
    steps = _steps(args)
    changes = [step.change for step in steps if step.change is not None]
    if undo is not None and changes:
        write_undo(undo, changes)
        tell(f"`genrekit write-tags --undo {undo}` restores what there was")
        steps = writing.carry_out(steps)
    print(writing.steps_as_text(steps, json=args.json))
    if undo is None and changes:
        tell(f"nothing is written yet: --write writes into {len(changes)} of {len(steps)} files")
    return _done(writing.failed_steps(steps))


def _steps(args: argparse.Namespace) -> list[Any]:
    """Predict, and decide what each file gets."""
    from genrekit._predict import load_classifier
    from genrekit._write_tags import NOVEL, keep_tagged, plan
    from genrekit.datasets import find_audio

    model = load_classifier(args.model, n_jobs=args.n_jobs, verbose=_verbose())
    found = find_audio(args.files).paths
    kept = keep_tagged(found) if args.existing == "keep" else [None] * len(found)
    if all(kept):
        return kept
    files = [file for file, step in zip(found, kept, strict=True) if step is None]
    contents: list[AudioContentWarning] = []
    k = 1 if args.threshold is None else len(model.classes_)
    answers, novelty, errors = _answer(model, files, k, contents)
    novel = _or_own(args.reject_novel, model, "reject_novel")
    if novel is None and novelty is not None:
        novel = NOVEL
    below = _or_own(args.reject_below, model, "reject_below")
    rejected = rejections(answers, contents, novelty, below=below, novel=novel)
    how = {"threshold": args.threshold, "existing": args.existing}
    planned = iter(plan(files, answers, rejected, errors, **how))
    return [step or next(planned) for step in kept]


def _undo_tags(args: argparse.Namespace) -> int:
    """Restore the genres that there were."""
    from genrekit import _write_tags as writing
    from genrekit.tags import read_undo

    steps = writing.undo(read_undo(args.undo))
    print(writing.steps_as_text(steps, json=args.json))
    return _done(writing.failed_steps(steps))


def _duplicates(args: argparse.Namespace) -> int:
    """Find files that hold the same sound."""
    from genrekit import _duplicates as copies
    from genrekit.datasets import find_audio

    if args.output:
        check_writable(args.output)
    files = find_audio(args.files).paths
    groups, errors = copies.find_duplicates(files, n_jobs=args.n_jobs, verbose=_verbose())
    said = copies.summary(groups, len(files))
    if args.output:
        copies.write_groups(args.output, groups)
        print(printable(f"{said}: {args.output}"))
    else:
        if groups:
            print(copies.groups_as_text(groups))
        tell(said)
    return _done(errors)


def _models(args: argparse.Namespace) -> int:
    """List the pretrained models, or download a network."""
    from genrekit._info import classifier_rows, model_rows
    from genrekit.networks import fetch_model

    if args.fetch:
        print(fetch_model(args.fetch))
        return _OK
    print(text_table(["classifier", "what it is", "licence", "genres"], classifier_rows()) + "\n")
    head = ["network", "what it is", "licence", "size", "where"]
    print(text_table(head, model_rows(), right=["size"]))
    return _OK


def _evaluate(args: argparse.Namespace) -> int:
    """Cross-validate a classifier."""
    from genrekit._evaluate import find_tracks, groups_remark, run_evaluate
    from genrekit._learners import make_classifier

    if (args.root is None) != (args.dataset is None):
        raise ValueError("--dataset and --root go together: which data set, and where it is")
    if args.report:
        check_writable(args.report)
    classifier = make_classifier(args.model, args.network, **_fitting(args))
    how = {"dataset": args.dataset, "subset": args.subset, "groups": args.groups}
    how |= {"labels": args.labels, "min_artists": args.min_artists, "on_error": args.on_error}
    tracks = find_tracks(args.source or args.root, **how)
    with failures() as errors, epochs_told(), ctrl_c_ends_all():
        found = run_evaluate(
            classifier,
            tracks,
            folds=args.folds,
            report=args.report,
            random_state=args.random_state,
        )
    print(printable(found, keep="\n"))
    remark = groups_remark(tracks, args.folds)
    if remark:
        print(f"\n{remark}")
    if args.report:
        print(f"\n{printable(args.report)}")
    return _done(errors)


def _demo(args: argparse.Namespace) -> int:
    """Show everything."""
    from genrekit._demo import run_demo

    run_demo(
        args.music,
        args.output,
        n_jobs=args.n_jobs,
        random_state=args.random_state,
        verbose=_verbose(),
    )
    return _OK


def _info(args: argparse.Namespace) -> int:
    """Say what is installed, and which features and data sets there are."""
    from genrekit import _info as info

    if args.compile:
        print(info.compile_kernels())
        return _OK
    print(text_table(["package", "version"], info.version_rows()))
    print("\n" + text_table(["decoder", "version"], info.decoder_rows()))
    print("\n" + text_table(["feature", "class", "what it is"], info.feature_rows()))
    print("\n" + text_table(["network to train", "takes", "follows"], info.network_rows()))
    print("\n" + text_table(["set", "columns", "features"], info.set_rows(), right=["columns"]))
    head = ["data set", "what it is", "subsets", "groups", "split", "licence"]
    print("\n" + text_table(head, info.dataset_rows()))
    return _OK


def _done(errors: Collection[TrackError]) -> int:
    """Name the failed files and choose the exit code."""
    tell_failures(errors)
    return _SOME_FAILED if errors else _OK


def _fitting(args: argparse.Namespace) -> dict[str, Any]:
    """Collect the options of what is fitted."""
    learning = _given(args, OF_NETWORKS)
    running = {"on_error": args.on_error, "random_state": args.random_state}
    return {**learning, **running, **_reading(args)}


def _reading(args: argparse.Namespace) -> dict[str, Any]:
    """Collect the options that say what is read of files, as far as they are given."""
    names = ("features", "sr", "offset", "duration", "n_jobs", "memory")
    return {**_given(args, names), "verbose": _verbose()}


def _given(args: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """The options of these names that were given."""
    found = {name: getattr(args, name, None) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _verbose() -> int:
    """Show progress to people, not to pipes."""
    return int(sys.stderr.isatty())


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "extract": _extract,
    "train": _train,
    "predict": _predict,
    "tags": _tags,
    "write-tags": _write_tags,
    "duplicates": _duplicates,
    "models": _models,
    "evaluate": _evaluate,
    "demo": _demo,
    "info": _info,
}


def run() -> NoReturn:
    """Run as a program of its own, whose memory goes with it."""
    open_closed_streams()
    code = main()
    if code == _INTERRUPTED:
        # Python would wait for threads that are in the middle of a song, and abort in the end.
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    # Or Python would look for garbage in all that was imported, which takes up to half a second.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    run()
