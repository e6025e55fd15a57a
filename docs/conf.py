"""How Sphinx builds the documentation; `make docs` runs it with warnings as errors."""

from __future__ import annotations

import doctest
import inspect
import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.util import logging

project = "genrekit"
author = "genrekit developers"
copyright = "2026, genrekit developers"
release = version = installed_version("genrekit")

# For what stands beside this file.
sys.path.insert(0, str(Path(__file__).parent))
import _features
import _gallery
import _landing
import _links
import _math
import _pictures

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
# What begins with "_" is included by pages.
exclude_patterns = ["_build", "_*.rst", "api/_*.rst"]

# --- API reference ----------------------------------------------------------------------------
autodoc_typehints = "none"  # the docstrings say it, with shapes and units
numpydoc_show_class_members = False  # the class template lists the members


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what a class has from scikit-learn or Python: their own pages describe it."""
    function = getattr(obj, "fget", None) or inspect.unwrap(obj)
    module = getattr(function, "__module__", None) or ""
    return skip or not module.startswith("genrekit")


# What autosummary makes pages of; it does not look into what a page includes.
autosummary_generate = [
    path.relative_to(Path(__file__).parent).as_posix()
    for path in sorted(Path(__file__).parent.glob("api/[a-z]*.rst"))
] + ["api/_transformers.rst", "api/_functions.rst"]


def write_features(app, config):
    """Write the lists of features in the reference from the table that the code reads."""
    from genrekit.features import FEATURES

    transformers = [row.transformer for row in FEATURES.values()]
    functions = [row.function.__name__ for row in FEATURES.values()]
    # Folders of their own: file systems that don't tell capitals mix up Tempo and tempo.
    _write_list(app, "api/_transformers.rst", "../generated", transformers)
    _write_list(app, "api/_functions.rst", "../generated/functions", functions)


def _write_list(app, page, folder, names):
    """Write a list of names in `genrekit.features` for autosummary."""
    head = [".. currentmodule:: genrekit.features", "", ".. autosummary::"]
    lines = [*head, f"   :toctree: {folder}", "   :nosignatures:", "", *(f"   {n}" for n in names)]
    text = "\n".join(lines) + "\n"
    path = Path(app.srcdir, page)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def add_formula(app, what, name, obj, options, lines):
    """Put the formula of a feature on the page of its transformer, and a link on both its pages."""
    from genrekit.features import FEATURES

    for key, row in FEATURES.items():
        is_shell = what == "class" and obj.__name__ == row.transformer
        if is_shell or (what == "function" and obj is row.function):
            formula = _features.formula(key).splitlines() if is_shell else []
            link = f"What it looks like, and what it is good for: :ref:`feature-{key}`."
            place = lines.index("Parameters")
            lines[place:place] = [*formula, "", link, ""]


def resolve_home(app, env, node, contnode):
    """Link what is written as people import it, ``genrekit.extract``, to where it lives."""
    from genrekit import _HOME_OF
    from genrekit.features import TRANSFORMERS

    target = node.get("reftarget", "").removeprefix("genrekit.")
    home = "genrekit.features" if target in TRANSFORMERS else _HOME_OF.get(target)
    if node.get("refdomain") != "py" or home is None:
        return None
    python, builder = env.get_domain("py"), app.builder
    place = f"{home}.{target}"
    return python.resolve_xref(env, node["refdoc"], builder, node["reftype"], place, node, contnode)


# Names of genrekit must be found; those of others are where they are linked to.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!genrekit\.).*")]


# --- pictures ---------------------------------------------------------------------------------
def draw_pictures(app):
    """Draw the pictures of displays, of features and of the first page, unless they have been."""
    made = {"pictures": _pictures.draw_all, "features": _features.draw_features}
    for name, draw in {**made, "landing": _landing.draw_landing}.items():
        folder = Path(app.srcdir, "generated", name)
        if not folder.is_dir():
            draw(folder)


# --- tutorials --------------------------------------------------------------------------------
# Run again when they or the library have changed; `make docs GALLERY=0` leaves all as they are.
sphinx_gallery_conf = _gallery.CONFIG


def prepare_tutorials(app, config):
    """Have those run again that were run with another version of the library."""
    import genrekit

    if str(config.plot_gallery) not in ("0", "False"):
        source = Path(genrekit.__file__).parent
        _gallery.forget_what_is_stale(Path(app.srcdir, "tutorials"), source)


# What stands before code on a page is not copied with it.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


# --- tables -----------------------------------------------------------------------------------
def write_tables(app):
    """Write the tables of `datasets.rst` and `training.rst` from those that the code reads."""
    from genrekit.datasets import DATASETS
    from genrekit.training import NETWORKS

    head = ["", "What it is", "Functions", "Subsets", "Group", "Split", "Licence", "To cite"]
    columns = [_cells(name, row) for name, row in DATASETS.items()]
    _write_table(app, "datasets.txt", zip(head, *columns, strict=True), ":stub-columns: 1")
    takes = {"rows": "one input of rows and frames", "waveform": "the waveform", "several": "any"}
    rows = [(f"``{n}``", takes[row.takes], row.follows) for n, row in NETWORKS.items()]
    _write_table(app, "networks.txt", [("Network", "Takes", "Follows"), *rows])


def _write_table(app, name, rows, *options):
    """Write a table for a page to include."""
    lines = [".. list-table::", "   :header-rows: 1", *(f"   {option}" for option in options), ""]
    for cells in rows:
        lines += [f"   {'  -' if i else '* -'} {cell}" for i, cell in enumerate(cells)]
    path = Path(app.srcdir, "generated", name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cells(name, row):
    """A column of the table: what it says about a data set."""
    functions = [row.loader, row.features_loader, *([row.fetcher] if row.fetcher else [])]
    links = " ".join(f":func:`~genrekit.datasets.{f.__name__}`" for f in functions)
    subsets, splits = ", ".join(row.subsets) or "none", ", ".join(row.splits)
    return [f"``{name}``", row.title, links, subsets, row.unit, splits, row.licence, row.citation]


# --- links ------------------------------------------------------------------------------------
def check_links(app, error):
    """Warn of links within the pages that lead nowhere, and of pages that are far away."""
    if error is None and app.builder.name == "html":
        for complaint in _links.complaints(Path(app.outdir)):
            logging.getLogger(__name__).warning(complaint)


def setup(app):
    """Connect the handlers above."""
    app.connect("config-inited", write_features)
    app.connect("config-inited", prepare_tutorials)
    app.connect("autodoc-skip-member", skip_foreign_members)
    app.connect("autodoc-process-docstring", add_formula, priority=400)  # before numpydoc
    app.connect("missing-reference", resolve_home)
    app.connect("build-finished", check_links)
    app.connect("builder-inited", draw_pictures)
    inline, block = (_math.write_inline, None), (_math.write_block, None)
    app.add_html_math_renderer("mathml", inline, block)
    app.connect("builder-inited", write_tables)


# --- code in the pages ------------------------------------------------------------------------
doctest_default_flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

# --- links to other projects ------------------------------------------------------------------
# Off unless asked for: a build must not depend on the network.
intersphinx_mapping = {}
if os.environ.get("GENREKIT_DOCS_LINKS"):
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "librosa": ("https://librosa.org/doc/latest", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
        "skorch": ("https://skorch.readthedocs.io/en/stable", None),
        "dask": ("https://docs.dask.org/en/stable", None),
    }

# --- pages ------------------------------------------------------------------------------------
html_math_renderer = "mathml"
toc_object_entries_show_parents = "hide"
html_theme = "pydata_sphinx_theme"
html_title = f"genrekit {release}"
html_static_path = ["_static"]
html_css_files = ["genrekit.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_sidebars = {"index": []}
html_theme_options = {
    "logo": {"text": "genrekit", "alt_text": "genrekit: to the first page"},
    "navbar_align": "left",
    "show_nav_level": 1,
    "show_toc_level": 2,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "back_to_top_button": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_show_sourcelink = False
