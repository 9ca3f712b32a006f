"""How Sphinx builds the documentation: see `make docs`."""

import inspect
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Diagrams of estimators in the gallery link to the pages of this documentation.
os.environ.setdefault("SKEMBED_DOCS_URL", "../..")

import matplotlib  # noqa: E402

matplotlib.use("Agg")

from sphinx_gallery.sorting import ExplicitOrder  # noqa: E402

import skembed  # noqa: E402

project = "skembed"
author = "the skembed developers"
version = release = skembed.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "figures"]
templates_path = ["_templates"]

# `name` in single backticks is a link where there is such an object, and code where not.
default_role = "py:obj"
rst_prolog = ".. currentmodule:: skembed\n"
nitpicky = True
nitpick_ignore_regex = [("py:obj", ".*")]
# Files of sphinx-gallery's own making, and headings that are the same in several changes.
suppress_warnings = ["config.cache"]

html_theme = "pydata_sphinx_theme"
html_title = f"skembed {version}"
html_static_path = ["_static"]
html_favicon = "_static/logo.svg"
html_css_files = ["skembed.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {
        "text": "skembed",
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo.svg",
    },
    "navbar_align": "left",
    "header_links_before_dropdown": 5,
    "show_prev_next": True,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "back_to_top_button": True,
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        "index": [],
        **{f"measurements/{page.stem}": [] for page in HERE.glob("measurements/*.*")},
    },
}
html_sidebars = {
    **{page: [] for page in ("index", "installation", "comparison", "faq", "glossary", "citing")},
    "quickstart": [],
    "changelog": [],
}
copyright = "the skembed developers; BSD-3-Clause"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

myst_heading_anchors = 3

autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
autosummary_generate = True
numpydoc_show_class_members = False

plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 180)]
plot_basedir = str(HERE / "figures")
plot_rcparams = {
    "figure.constrained_layout.use": True,
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
plot_apply_rcparams = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"^(?!plot_).*\.py$",
    "subsection_order": ExplicitOrder(
        [f"../examples/{topic}" for topic in ("text", "tables", "histories", "practice")]
    ),
    "within_subsection_order": ExplicitOrder(
        [
            "plot_lesson.py",
            "plot_three_embeddings.py",
            "plot_why.py",
            "plot_mixed_columns.py",
            "plot_prices.py",
            "plot_grid_search.py",
            "plot_next_film.py",
            "plot_large_files.py",
            "plot_serving.py",
            "plot_web_service.py",
            "plot_keras.py",
        ]
    ),
    "parallel": 2,
    "thumbnail_size": (480, 336),
    "backreferences_dir": "api/examples",
    "doc_module": ("skembed",),
    "plot_gallery": "True",
    "abort_on_example_error": False,
    "only_warn_on_example_error": True,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "min_reported_time": 0,
}


def methods_of(fullname: str) -> dict[str, list[str]]:
    """Public methods of a class: those with a page entry, and those it has of scikit-learn.

    Parameters
    ----------
    fullname : str
        The class, such as "skembed.TermEmbeddings".

    Returns
    -------
    dict
        "own": names of methods that are written in skembed; "inherited": of the others.
    """
    module, _, name = fullname.rpartition(".")
    kind = getattr(import_module(module), name)
    names = [name for name in dir(kind) if name[0] != "_" and callable(getattr(kind, name))]
    own = [name for name in names if _is_own(getattr(kind, name))]
    return {"own": own, "inherited": [name for name in names if name not in own]}


def _is_own(method: object) -> bool:
    function = inspect.unwrap(getattr(method, "__func__", method))
    source = getattr(function, "__code__", None)
    return source is not None and Path(skembed.__file__).parent in Path(source.co_filename).parents


autosummary_context = {"methods_of": methods_of}


# Groups of the networks' parameters, which their docstrings name in between.
_GROUP = re.compile(r"^(\s*)\*\*(Architecture|Regularisation|Training|Other)\*\*$")


def group_parameters(
    app: Any, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    """Make headings of the lines that name a group of parameters, after numpydoc."""
    if what != "class":
        return
    for place, line in enumerate(lines):
        if found := _GROUP.match(line):
            lines[place] = f"{found[1]}.. rubric:: {found[2]}"
            lines.insert(place + 1, "")
            following = place + 2
            while following < len(lines) and lines[following].startswith(found[1] + " "):
                lines[following] = found[1] + lines[following].strip()
                following += 1
            lines.insert(following, "")


def setup(app: Any) -> None:
    """Have parameters grouped, and the sample of a page that predicts made beside the pages."""
    app.connect("autodoc-process-docstring", group_parameters, priority=900)
    app.connect("build-finished", _write_sample)


def _write_sample(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        sys.path.insert(0, str(HERE))
        import_module("sample_page").write_sample(Path(app.outdir) / "try.html")
