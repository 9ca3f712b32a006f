"""Where the documentation of a class is, for the links of scikit-learn's diagrams."""

import os
from pathlib import Path

_BUILT = Path(__file__).parents[1] / "docs" / "_build" / "html"


def documentation_root() -> str:
    """Address of the documentation, without a slash at its end; empty where there is none.

    The environment variable ``SKEMBED_DOCS_URL`` names it. Without that it is the folder that
    ``make docs`` has written in a checkout.
    """
    named = os.environ.get("SKEMBED_DOCS_URL", "").rstrip("/")
    if named:
        return named
    return _BUILT.as_uri() if (_BUILT / "api.html").exists() else ""


class DocumentedMixin:
    """Links the "?" of scikit-learn's diagrams, and parameters in them, to the page of a class."""

    _doc_link_module = "skembed"

    @property
    def _doc_link_template(self) -> str:
        root = documentation_root()
        return f"{root}/api/skembed.{{estimator_name}}.html" if root else ""
