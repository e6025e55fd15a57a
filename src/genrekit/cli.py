"""The ``genrekit`` command: arguments in, calls, tables out."""

# Every sub-command imports what it needs itself: `genrekit --help` stays quick, and `extract`
# does without scikit-learn where the library does.

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from genrekit._arguments import make_parser
from genrekit._tables import check_writable, growing_table, text_table, write_or_keep
from genrekit._text import printable, to_name
from genrekit._validation import did_you_mean
from genrekit.exceptions import (
    AudioContentWarning,
    AudioDecodeWarning,
    TrackError,
    UnheardWarning,
)

if TYPE_CHECKING:
    from genrekit.models import GenreClassifier

_FEATURES, _UNKNOWN = "standard", "unknown"
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
    _print_anything()
    args = make_parser().parse_args(argv)
    try:
        with _plain_warnings():
            code = _COMMANDS[args.command](args)
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        _tell("stopped")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader, say `head`, has gone; Python would complain once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _ERROR
    except Exception as error:
        if args.debug:
            raise
        _tell(f"error: {str(error) or type(error).__name__}")
        return _ERROR


def _extract(args: argparse.Namespace) -> int:
    """Write a table of features."""
    from genrekit.datasets import find_audio
    from genrekit.engine import warn_of_tracks
    from genrekit.features import iter_rows

    check_writable(args.output)
    files = find_audio(args.paths, genres=args.genres)
    if args.genres and not any(files.genres):
        raise ValueError("--genres: none of the files lies in a sub-folder of a PATH")
    remarks = []
    with _failures() as errors:
        rows = iter_rows(files.paths, args.features or _FEATURES, **_reading(args))
        growing = growing_table(args.output, files.paths, files.genres, rows.names)
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
    return _report(errors)


def _train(args: argparse.Namespace) -> int:
    """Fit a classifier on labelled tracks and save it."""
    from genrekit._evaluate import find_tracks
    from genrekit.persistence import save

    check_writable(args.output)
    classifier = _classifier(args)
    tracks = find_tracks(args.source)
    with _failures():
        classifier.fit(tracks.paths, tracks.target)
    write_or_keep(args.output, lambda path: save(classifier, path))
    n_fitted = len(tracks.paths) - len(classifier.fit_errors_)
    genres = ", ".join(map(str, classifier.classes_))
    print(printable(f"{args.model} fitted on {n_fitted} tracks ({genres}): {args.output}"))
    return _report(classifier.fit_errors_)


def _classifier(args: argparse.Namespace) -> GenreClassifier:
    """Make what `train` and `evaluate` fit."""
    from genrekit.models import GenreClassifier, PretrainedCNNClassifier

    running = {"on_error": args.on_error, "random_state": args.random_state, **_reading(args)}
    if args.model == "cnn":
        for name in ("features", "sr"):
            if getattr(args, name) is not None:
                raise ValueError(f"--model cnn: the network has its own {name}; leave out --{name}")
        return PretrainedCNNClassifier(**running)
    features = args.features or _FEATURES
    _check_no_network([features] if isinstance(features, str) else features)
    return GenreClassifier(args.model, features, **running)


def _check_no_network(features: list[str]) -> None:
    """Networks go by --model."""
    from genrekit.networks import list_models

    networks = {"cnn", *(card.name for card in list_models())}
    for name in features:
        if name in networks:
            raise ValueError(
                f"--features {name}: that is a network; use --model cnn instead of --features"
            )


def _predict(args: argparse.Namespace) -> int:
    """Predict the genres of files."""
    from genrekit.datasets import find_audio

    model = _load(args.model, n_jobs=args.n_jobs, verbose=_verbose())
    below = args.reject_below
    if below is None:
        below = getattr(model, "reject_below", None)
    files = find_audio(args.files).paths
    contents: list[AudioContentWarning] = []
    answers, errors = _answer(model, files, args.top_k, contents)
    unheard = {note.index for w in contents if isinstance(w, UnheardWarning) for note in w.notes}
    rejected = [i in unheard or _is_rejected(top, below or 0.0) for i, top in enumerate(answers)]
    told = _notes(contents, len(files)), _reasons(errors, len(files))
    show = _as_json if args.json else _as_table
    print(show(files, answers, *told, rejected=rejected))
    return _report(errors)


def _load(name: str, **running: Any) -> Any:
    """A classifier of tracks, from a file or by the name of a pretrained one."""
    from genrekit._predict import hearing_classifier
    from genrekit.models import PRETRAINED, GenreClassifier
    from genrekit.persistence import load

    if name in PRETRAINED:
        return hearing_classifier(GenreClassifier.from_pretrained(name), **running)
    if not os.path.isfile(name):
        what = f"{name} is a folder" if os.path.isdir(name) else f"there is no file {name!r}"
        hint = did_you_mean(name, PRETRAINED)
        raise FileNotFoundError(f"{what}, and no pretrained model of that name: {hint}")
    try:
        return hearing_classifier(load(name), **running)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from error


def _answer(
    model: Any, files: list[str], k: int, contents: list[AudioContentWarning]
) -> tuple[list[list[tuple[str, float | None]]], list[TrackError]]:
    """Predict, with the failures apart."""
    from genrekit._predict import top_genres

    with _failures(contents) as errors:
        best = top_genres(model, files, k)
    failed = {error.index for error in errors}
    return [[] if i in failed else list(top) for i, top in enumerate(best)], errors


def _tags(args: argparse.Namespace) -> int:
    """Tag files with a pretrained network."""
    from genrekit.datasets import find_audio
    from genrekit.networks import CNNEmbedding

    running = {"n_jobs": args.n_jobs, "verbose": _verbose()}
    tagger = CNNEmbedding(args.network, on_error="nan", **running)
    files = find_audio(args.files).paths
    contents: list[AudioContentWarning] = []
    with _failures(contents) as errors:
        answers = tagger.top_tags(files, k=args.top)
    told = _notes(contents, len(files)), _reasons(errors, len(files))
    show = _as_json if args.json else _as_table
    print(show(files, answers, *told, what="tag"))
    return _report(errors)


def _models(args: argparse.Namespace) -> int:
    """List the pretrained models, or download a network."""
    from genrekit._info import classifier_rows
    from genrekit.networks import fetch_model, model_rows

    if args.fetch:
        print(fetch_model(args.fetch))
        return _OK
    print(text_table(["classifier", "what it is", "licence", "genres"], classifier_rows()) + "\n")
    head = ["network", "what it is", "licence", "size", "where"]
    print(text_table(head, model_rows(), right=["size"]))
    return _OK


def _as_json(
    files: Sequence[str],
    answers: Sequence[Sequence[tuple[str, float | None]]],
    notes: Sequence[str],
    reasons: Sequence[str],
    *,
    what: str = "genre",
    rejected: Sequence[bool] = (),
) -> str:
    """Make an array of one object a file."""
    found = []
    rejected = rejected or [False] * len(files)
    for file, answer, note, reason, no in zip(
        files, answers, notes, reasons, rejected, strict=True
    ):
        top = [{what: to_name(str(name)), "probability": p} for name, p in answer]
        first: dict[str, Any] = top[0] if top else {what: None, "probability": None}
        if no:
            first = {what: _UNKNOWN, "probability": None}
        told = {"note": note or None, "error": reason or None}
        found.append({"file": to_name(file), **first, "top": top, **told})
    return json.dumps(found, indent=2)


def _as_table(
    files: Sequence[str],
    answers: Sequence[Sequence[tuple[str, float | None]]],
    notes: Sequence[str],
    reasons: Sequence[str],
    *,
    what: str = "genre",
    rejected: Sequence[bool] = (),
) -> str:
    """Make a line a file: the first answer apart, the others behind it."""
    rows = []
    rejected = rejected or [False] * len(files)
    for file, answer, note, reason, no in zip(
        files, answers, notes, reasons, rejected, strict=True
    ):
        shown = [(str(name), "" if p is None else f"{p:.3f}") for name, p in answer]
        (first, *rest) = shown or [("", "")]
        if no:
            first, rest = (_UNKNOWN, ""), [first, *rest]
        rows.append([file, *first, ", ".join(map(" ".join, rest)), note, reason])
    head = ["file", what, "probability", "then", "note", "error"]
    return text_table(head, rows, right=["probability"])


def _is_rejected(answer: Sequence[tuple[str, float | None]], below: float) -> bool:
    """Whether the most probable genre is not probable enough, as `predict` has it."""
    return bool(answer) and answer[0][1] is not None and answer[0][1] < below


def _evaluate(args: argparse.Namespace) -> int:
    """Cross-validate a classifier."""
    from genrekit._evaluate import find_tracks, groups_remark, run_evaluate

    if (args.root is None) != (args.dataset is None):
        raise ValueError("--dataset and --root go together: which data set, and where it is")
    if args.report:
        check_writable(args.report)
    classifier = _classifier(args)
    how = {"dataset": args.dataset, "subset": args.subset, "groups": args.groups}
    tracks = find_tracks(args.source or args.root, **how)
    with _failures() as errors:
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
    return _report(errors)


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
    print("\n" + text_table(["set", "columns", "features"], info.set_rows(), right=["columns"]))
    head = ["data set", "what it is", "subsets", "groups", "split", "licence"]
    print("\n" + text_table(head, info.dataset_rows()))
    return _OK


def _reading(args: argparse.Namespace) -> dict[str, Any]:
    """Collect the options that `extract` and `train` pass on as they are."""
    names = ("sr", "offset", "duration", "n_jobs", "memory")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    return {**given, "verbose": _verbose()}


def _verbose() -> int:
    """Show progress to people, not to pipes."""
    return int(sys.stderr.isatty())


def _reasons(errors: Iterable[TrackError], n_files: int) -> list[str]:
    """Spread the failures over all files, with "" for those that went well."""
    reasons = {error.index: printable(error.summary) for error in errors}
    return [reasons.get(index, "") for index in range(n_files)]


def _report(errors: Collection[TrackError]) -> int:
    """Name the failed files and choose the exit code."""
    for line in dict.fromkeys(f"{error.path}: {error.reason}" for error in errors):
        _tell(line)  # once, not once a fold
    return _SOME_FAILED if errors else _OK


def _notes(contents: Iterable[AudioContentWarning], n_files: int) -> list[str]:
    """Spread what is to be known of files over all of them."""
    notes: list[list[str]] = [[] for _ in range(n_files)]
    for found in (note for warning in contents for note in warning.notes):
        notes[found.index].append(found.note)
    return ["; ".join(texts) for texts in notes]


@contextmanager
def _failures(
    contents: list[AudioContentWarning] | None = None,
) -> Iterator[list[TrackError]]:
    """Collect undecodable files, which `_report` names; name them here if all ends in an error."""
    errors: list[TrackError] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", AudioDecodeWarning)
        warnings.simplefilter("always", AudioContentWarning)
        warnings.showwarning = _shown_once(errors, [] if contents is None else contents)
        try:
            yield errors
        except BaseException:
            _report(errors)
            raise


def _shown_once(
    errors: list[TrackError], contents: list[AudioContentWarning]
) -> Callable[..., None]:
    """What shows each warning as it comes, but not once a fold, and collects what is of files."""
    said = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if isinstance(message, AudioDecodeWarning):
            errors.extend(message.errors)
            return
        if isinstance(message, AudioContentWarning):
            contents.append(message)
        if str(message) not in said:
            said.add(str(message))
            _tell(f"warning: {message}")

    return show


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show a warning as one line, without the place in the source it comes from."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: _tell(f"warning: {message}")
        yield


def _tell(text: str) -> None:
    """Print one line beside the result."""
    print(f"genrekit: {printable(text)}", file=sys.stderr)


def _print_anything() -> None:
    """Escape what the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "extract": _extract,
    "train": _train,
    "predict": _predict,
    "tags": _tags,
    "models": _models,
    "evaluate": _evaluate,
    "demo": _demo,
    "info": _info,
}


def run() -> NoReturn:
    """Run as a program of its own, whose memory goes with it."""
    code = main()
    # Or Python would look for garbage in all that was imported, which takes up to half a second.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    run()
