"""Pages made of a template: data in them that no text can break out of."""

import json
import re
from collections.abc import Mapping
from typing import Any


def script_json(data: Mapping[str, Any]) -> str:
    """Return JSON in which no text can end the script or be markup."""
    # All else that could do harm, such as line separators, json escapes: it writes ASCII.
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def filled(template: str, parts: Mapping[str, str]) -> str:
    """Put the parts in their places; what looks like a place inside a part is left alone."""
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)
