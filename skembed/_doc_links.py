"""Where the documentation of a class is, for the links of scikit-learn's diagrams."""

import inspect
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
    """Links the "?" of scikit-learn's diagrams, and parameters in them, to the page of a class.

    Where there is no documentation the links lead to the source with the docstring.
    """

    _doc_link_module = "skembed"

    @property
    def _doc_link_template(self) -> str:
        root = documentation_root()
        if root:
            return f"{root}/api/skembed.{{estimator_name}}.html"
        # scikit-learn describes parameters only where there is a link
        return Path(inspect.getfile(type(self))).as_uri()
