"""Terms on one line, for files and pages."""

from __future__ import annotations

# Control characters, line separators and lone surrogates: no file or page can show them.
_UNSHOWN = [*range(32), *range(127, 160), 0x2028, 0x2029, *range(0xD800, 0xE000)]
_ESCAPES = {code: repr(chr(code))[1:-1] for code in _UNSHOWN}


def escaped(term: str) -> str:
    """Return a term on one line, with escapes for what cannot be shown and quotes if blank."""
    shown = term.translate(_ESCAPES)
    return shown if shown.strip() else repr(shown)
