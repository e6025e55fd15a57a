"""The report as a page."""

from __future__ import annotations

import re
import sys
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC

from genrekit.evaluation import (
    Comparison,
    FamilyImportance,
    GenreReport,
    Leak,
    LeakageReport,
    Training,
    calibration_bins,
    cross_validate_genres,
    group_interval,
)
from genrekit.exceptions import TrackError
from genrekit.page import write_report
from genrekit.page._markup import Html, element
from genrekit.page._names import short_names

pytest.importorskip("matplotlib")

VOID = {"meta", "br", "path", "input"}
GENRES = np.array(["Blues", "Hip-Hop", "Old-Time / Historic", "R&B <live>"])


class Page(HTMLParser):
    """Reads a page, and refuses one whose elements are not closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.ids, self.links, self.loads, self.names = [], [], [], [], set()
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name == "href":
                self.links.append(value)
            elif name in ("src", "srcset", "data", "action") or name.startswith("on"):
                self.loads.append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open[-1:]:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture
def parts():
    """What a report of 40 tracks is made of: two not decoded, one rejected, one leak."""
    rng = np.random.default_rng(0)
    y_true = np.repeat(GENRES, 10)
    probabilities = rng.dirichlet(np.ones(4), size=40)
    probabilities[np.arange(40), np.repeat(range(4), 10)] += 0.5
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    y_pred = GENRES[probabilities.argmax(axis=1)].astype(object)
    y_pred[[3, 17]], probabilities[[3, 17]] = None, np.nan
    y_pred[20] = "unknown"
    tracks = [f"/home/ana/music/{genre}/{i:02d}.mp3" for i, genre in enumerate(y_true)]
    tracks[17] = "/home/ana/music/Hip-Hop/<script>alert('x')</script>.mp3"
    return {
        "y_true": y_true,
        "y_pred": y_pred,
        "classes": GENRES,
        "fit_seconds": np.array([1.0, 2.0]),
        "predict_seconds": np.array([0.1, 0.2]),
        "extract_seconds": np.array([10.0, 20.0]),
        "probabilities": probabilities,
        "folds": np.arange(40) % 2,
        "groups": np.arange(40) // 2,
        "tracks": tracks,
        "leakage": LeakageReport([Leak(1, 5, tracks[5], tracks[6], "content")], n_tested=40),
        "errors": [
            TrackError(3, tracks[3], "it is empty"),
            TrackError(99, "/home/ana/music/Blues/99.mp3", "it looks like <HTML>"),
        ],
    }


@pytest.fixture
def write(tmp_path):
    def write_and_read(report, **options):
        write_report(report, tmp_path / "report.html", **options)
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return write_and_read


def test_says_everything_that_the_report_holds(parts, write):
    report = GenreReport(**parts)
    page = Page(
        write(
            report, title="Sixteen & more", features=np.random.default_rng(0).normal(size=(40, 5))
        )
    )
    assert "Sixteen & more" in page.text
    low, high = report.interval
    for said in (
        f"{report.n_correct} of 40 tracks",
        f"{100 * low:.1f} % to {100 * high:.1f} %",
        report.interval_name,
        f"most frequent genre {100 * report.baseline:.1f} %",
        f"{report.macro_f1:.3f}",
        f"{report.log_loss:.3f}",
        f"{report.calibration_error:.3f}",
        *(f"{value:.3f}" for value in [*report.precision, *report.recall, *report.f1]),
        *GENRES,
        "20, each on one side of a split",
        "genrekit",
        "no prediction",
        "unknown",
    ):  # fmt: skip
        assert said in page.text, said


def test_needs_nothing_from_elsewhere(parts, write):
    html = write(GenreReport(**parts), features=np.random.default_rng(0).normal(size=(40, 5)))
    page = Page(html)
    assert page.loads == []
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert not page.names & {"script", "link", "iframe", "img", "object", "base"}
    # Names of vocabularies, which nothing fetches, are all that looks like an address.
    assert set(re.findall(r"https?://[^\"' ]+", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "@import" not in html
    assert all(url.startswith("#") for url in re.findall(r"url\(([^)]*)\)", html))


def test_no_name_stands_twice(parts, write):
    page = Page(write(GenreReport(**parts), features=np.random.default_rng(0).normal(size=(40, 5))))
    assert len(page.ids) == len(set(page.ids))


def test_whatever_a_file_is_called_is_text(parts, write):
    parts["tracks"][3] = 'a"onmouseover="x".mp3'
    parts["tracks"][0] = "/home/ana/\x00\x1b[31m\udcff\u202egpj.mp3"
    html = write(GenreReport(**parts), title="</title><script>", estimator="<b>")
    page = Page(html)
    assert "script" not in page.names
    assert "b>" in page.text
    assert "<script>alert('x')</script>.mp3" in page.text
    assert 'a"onmouseover="x".mp3' in page.text
    assert not {"\x00", "\x1b", "\u202e"} & set(html)
    shown = element("p", parts["tracks"][0], " two\n\tlines")
    assert shown == "<p>/home/ana/\\x00\\x1b[31m\\xff\\u202egpj.mp3 two\n\tlines</p>"


def test_matrix_and_pairs(parts, write):
    parts["y_pred"] = np.where(parts["y_true"] == "Blues", "Hip-Hop", parts["y_true"])
    parts["probabilities"] = None
    parts |= {"leakage": None, "errors": ()}
    html = write(GenreReport(**parts))
    assert 'title="Blues taken for Hip-Hop: 10 of 10 (100.0\N{NO-BREAK SPACE}%)"' in html
    assert "10 of 10 (100.0 %)" in Page(html).text
    assert "Blues/00.mp3 Blues/01.mp3 Blues/02.mp3 Hip-Hop" not in Page(html).text
    pairs = html[html.index('id="confused-most"') : html.index('id="folds-and-times"')]
    assert "Blues/02.mp3" in pairs
    assert "Blues/03.mp3" not in pairs


def test_examples_are_the_surest_mistakes(parts, write):
    report = GenreReport(**parts)
    wrong = {}
    for i, (true, predicted) in enumerate(zip(report.y_true, report.y_pred, strict=True)):
        if predicted in GENRES and predicted != true:
            wrong.setdefault((true, predicted), []).append(i)
    (true, predicted), tracks = max(wrong.items(), key=lambda item: len(item[1]))
    column = GENRES.tolist().index(predicted)
    surest = max(tracks, key=lambda i: report.probabilities[i, column])
    said = f"{true} taken for {predicted}"
    text = Page(write(report)).text
    assert said in text
    after = text[text.index(said) :]
    assert f"{true}/{surest:02d}.mp3 {report.probabilities[surest, column]:.2f}" in after


def test_the_surest_mistakes_are_listed_for_listening(parts, write):
    report = GenreReport(**parts)
    text = Page(write(report)).text
    text = text[text.index("Most confidently wrong Worth listening") :]
    surest = report.confident_mistakes()[0]
    said = f"{surest.genre} {surest.answer} {surest.probability:.3f} {surest.genre_probability:.3f}"
    name = surest.track.removeprefix("/home/ana/music/")
    assert f"{name} {said}" in text


def test_each_genre_has_a_part_of_its_own(parts, write):
    report = GenreReport(**parts)
    html = write(report)
    page = Page(html)
    for i, genre in enumerate(GENRES):
        assert f"#genre-{i}" in page.links
        assert f"genre-{i}" in page.ids
        own = report.y_true == genre
        right = int((own & report.right).sum())
        assert f"{genre} : {right} of 10 right" in page.text
        low, high = group_interval(report.right[own], report.groups[own])
        said = (
            f"Of its 10 tracks {right} are recognised: {10 * right:.1f} % (95 % {100 * low:.1f} %"
        )
        assert said in page.text
    part = html[html.index('id="genre-0"') : html.index('id="genre-1"')]
    text = " ".join(re.sub("<[^>]*>", " ", part).replace("\N{NO-BREAK SPACE}", " ").split())
    wrong = report.y_pred[(report.y_true == "Blues") & ~report.right].tolist()
    for answer in {"no prediction" if answer is None else answer for answer in wrong}:
        n = sum((said or "no prediction") == answer for said in wrong)
        assert f"{answer} {n} {10 * n:.1f} %" in text


def test_curves_importance_and_numbers_beside_charts(parts, write):
    drops = np.array([[[0.1, 0.3]], [[0.02, 0.0]]])
    importance = FamilyImportance({"mfcc": ["a", "b"], "tempo": ["c"]}, drops, np.ones(1))
    report = GenreReport(**parts)
    html = write(report, importance=importance)
    text = Page(html).text
    assert "mfcc 2 0.200 0.100 tempo 1 0.010 0.010" in text
    known = ~np.isnan(report.probabilities).any(axis=1)
    area = roc_auc_score(report.y_true[known] == "Blues", report.probabilities[known, 0])
    assert f"Blues {area:.3f}" in text
    for label in ("ROC curves", "Precision by recall", "Accuracy lost by family of features"):
        assert f'aria-label="{label}"' in html
    bins = calibration_bins(report.y_true, report.probabilities, report.classes)
    fullest = bins.count.argmax()
    said = f"{bins.count[fullest]} {bins.confidence[fullest]:.3f} {bins.accuracy[fullest]:.3f}"
    assert said in text


def test_the_page_is_for_keyboards_too(parts, write):
    html = write(GenreReport(**parts), features=np.random.default_rng(0).normal(size=(40, 5)))
    # What scrolls can be reached, and says what it is.
    scrolled = re.findall(r'<div class="scroll[^>]*>', html)
    assert len(scrolled) >= 8
    assert all('tabindex="0"' in tag and 'aria-label="' in tag for tag in scrolled)
    assert html.index('href="#content"') < html.index('href="#by-genre"')
    assert "content" in Page(html).ids
    assert ":focus-visible" in html
    assert all("aria-label" in tag for tag in re.findall("<figure[^>]*>", html))


def test_confusion_is_shown_by_genre_and_by_answer(parts, write):
    report = GenreReport(**parts)
    html = write(report)
    _, by_answer = re.findall(r'aria-label="Confusion matrix">(.*?)</table>', html, re.S)
    shown = re.findall(r'class="own[^"]*"[^>]*title="([^"]*)">(\d*)<', by_answer)
    for (title, number), genre, precision in zip(shown, GENRES, report.precision, strict=True):
        assert number == f"{100 * precision:.0f}"
        assert title.startswith(escape(f"{genre} taken for {genre}: "))


def history(n_epochs):
    return [
        {
            "epoch": i,
            "train_loss": 2.0 / i,
            "valid_loss": 1.9 + i / 100,
            "valid_accuracy": 0.5,
            "valid_accuracy_tracks": 0.625,
        }
        for i in range(1, n_epochs + 1)
    ]


def test_training_and_both_scores(parts, write):
    segments = {"segments": np.full(40, 5), "segments_right": np.arange(40) % 6}
    trainings = [Training(history(7), 3), Training(history(4), 1)]
    report = GenreReport(**parts, **segments, trainings=trainings)
    html = write(report)
    text = Page(html).text
    low, high = report.segment_interval
    scored = f"{report.segment_accuracy:.3f} of 200 segments, 95 % {low:.3f} to {high:.3f}"
    assert f"accuracy by segment {scored}" in text
    assert "1 7 3 0.667 1.930 0.500 0.625 2 4 1 2.000 1.910 0.500 0.625" in text
    for label in ("Loss by epoch", "Accuracy by epoch"):
        assert f'aria-label="{label}"' in html
    ids = Page(html).ids
    assert len(ids) == len(set(ids))


def test_training_of_an_estimator_that_is_fitted(parts, write):
    class Network(BaseEstimator):
        pass

    fitted = Network()
    fitted.history_, fitted.best_epoch_ = history(2)[:1], 1
    del fitted.history_[0]["valid_accuracy"], fitted.history_[0]["valid_accuracy_tracks"]
    text = Page(write(GenreReport(**parts), estimator=fitted)).text
    assert "1 1 1 2.000 1.910" in text
    assert "Thin lines" not in text
    assert "Loss on the tracks" not in Page(write(GenreReport(**parts), estimator=Network())).text
    assert "accuracy by segment" not in Page(write(GenreReport(**parts))).text


def test_alerts_and_lists_of_what_is_wrong(parts, write):
    text = Page(write(GenreReport(**parts))).text
    assert "The score is too high." in text
    assert "1 have an identical copy in training" in text
    assert "Blues/05.mp3 Blues/06.mp3 same content" in text
    assert "2 of 40 have no prediction" in text
    listed = text[text.index("Not decoded track reason") :]
    assert "Blues/03.mp3 it is empty" in listed
    assert "Blues/99.mp3 it looks like <HTML>" in listed  # of a training part
    assert "Hip-Hop/<script>alert('x')</script>.mp3" in listed  # for no known reason


def test_undecodable_tracks_that_have_a_prediction_or_are_not_tested(parts, write):
    parts |= {"y_pred": parts["y_true"]}
    text = Page(write(GenreReport(**parts))).text
    assert "Undecodable tracks. 2 could not be decoded." in text
    assert "Blues/99.mp3 it looks like <HTML>" in text


def test_nothing_wrong_is_not_mentioned(parts, write):
    parts |= {"y_pred": parts["y_true"], "leakage": None, "errors": ()}
    text = Page(write(GenreReport(**parts))).text
    absent = ("Leaks", "Not decoded", "Confused most", "Most confidently", "The score is too high")
    for heading in (*absent, "Training"):
        assert heading not in text


def test_long_lists_are_cut_and_say_so(parts, write):
    parts |= {"y_pred": np.full(40, None), "probabilities": np.full((40, 4), np.nan)}
    leaks = [Leak(0, i, f"a{i}", "b", "group") for i in range(60)]
    parts["leakage"] = LeakageReport(leaks, n_tested=60)
    text = Page(write(GenreReport(**parts))).text
    assert "and 10 more leaks" in text
    assert "which some splits break up" in text
    assert "Calibration" not in text  # none has a probability


@pytest.mark.filterwarnings("ignore:.*identical copy|.*LEAK")
def test_an_estimator_without_probabilities(write):
    X, y = load_iris(return_X_y=True)
    X, rows = np.unique(X, axis=0, return_index=True)
    model = LinearSVC(C=0.25, random_state=0)
    report = cross_validate_genres(model, X, y[rows], random_state=0)
    text = Page(write(report, estimator=model, features=X)).text
    assert "log loss" not in text
    assert "Calibration" not in text
    assert "LinearSVC(C=0.25" in text
    assert "tol=0.0001" in text  # defaults as well
    assert "Map of the tracks" in text


def test_genres_that_are_numbers_and_a_report_with_the_least(write):
    report = GenreReport(
        y_true=np.array([0, 1, 1]),
        y_pred=np.array([0, 1, 0]),
        classes=np.array([0, 1]),
        fit_seconds=np.array([1.0]),
        predict_seconds=np.array([1.0]),
    )
    text = Page(write(report)).text
    assert "tested on one split" in text
    assert "track 2" in text
    assert "none given" in text


def test_to_html_of_a_report_from_end_to_end(tmp_path):
    X, y = load_iris(return_X_y=True)
    X, rows = np.unique(X, axis=0, return_index=True)
    model = LogisticRegression(max_iter=1000)
    report = cross_validate_genres(model, X, y[rows], random_state=0)
    report.to_html(tmp_path / "iris.html", title="Irises", estimator=model, features=X)
    page = Page((tmp_path / "iris.html").read_text(encoding="utf-8"))
    assert "Irises" in page.text
    assert "share of answers that are right" in page.text  # the diagram's text is text


def test_without_matplotlib_the_tables_stand(parts, write, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    report = GenreReport(**parts, trainings=[Training(history(3), 2)])
    page = Page(write(report, features=np.zeros((40, 3))))
    assert "svg" not in page.names
    assert "1 3 2 1.000" in page.text
    assert "pip install 'genrekit[plot]'" in page.text


def test_the_day_can_be_given_to_builds(parts, write, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert "1970-01-02" in Page(write(GenreReport(**parts | {"probabilities": None}))).text


def test_the_same_report_gives_the_same_page(parts, write):
    report, features = GenreReport(**parts), np.random.default_rng(0).normal(size=(40, 5))
    assert write(report, features=features) == write(report, features=features)


def test_a_folder_that_is_not_there_and_features_of_other_tracks(parts, tmp_path, write):
    with pytest.raises(FileNotFoundError, match="make it first"):
        write_report(GenreReport(**parts), tmp_path / "no" / "report.html")
    with pytest.raises(ValueError, match="one row a label"):
        write(GenreReport(**parts), features=np.zeros((39, 3)))
    assert not (tmp_path / "report.html").exists()


def test_a_comparison_writes_its_own_page(parts, tmp_path):
    comparison = Comparison({"a": GenreReport(**parts)})
    with pytest.raises(TypeError, match="not a Comparison: a Comparison has a to_html of its own"):
        write_report(comparison, tmp_path / "page.html")


def test_short_names():
    below = {"/m/a/1.wav": "a/1.wav", "/m/b/2.wav": "b/2.wav"}
    assert short_names(below) == ("/m", below)
    for apart in (["/a/1.wav", "/b/2.wav"], ["/a/1.wav", "2.wav"], ["row 0", "row 1"], []):
        assert short_names(apart) == ("", {name: name for name in apart})


def test_markup_escapes_once():
    inner = element("b", "<&>", title='"')
    assert inner == '<b title="&quot;">&lt;&amp;&gt;</b>'
    assert element("p", inner, class_="x", id=None) == f'<p class="x">{inner}</p>'
    assert isinstance(inner, Html)
