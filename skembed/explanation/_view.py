"""Explained rows as HTML: the words of a row coloured by what they add, and a table of them."""

from hashlib import sha256
from html import escape
from typing import Any, NamedTuple

import numpy as np

from skembed.explanation._row_cells import Cell, Piece
from skembed.inspection._escapes import escaped

# Rows of the table of contributions, and words whose numbers are read out.
_MOST_FEATURES, _MOST_READ = 12, 10
# Share of the strongest word's contribution below which a word stays plain.
_WEAK = 0.08

# Colours lie over whatever background there is, so that one style does for light and dark; the
# sign is also in the line below a word, and in its table.
_STYLE = """
.ske{font:15px/1.6 system-ui,sans-serif;max-width:60rem;border:0;margin:0 0 2rem;padding:0;
min-width:0}
.ske legend{font-size:1em;font-weight:600;padding:0}
.ske input{accent-color:#1f77b4;margin:0 .3em 0 .9em}
.ske .panel{display:none}
.ske h3{font-size:1em;margin:1em 0 .2em}
.ske .text{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2em 0;line-height:1.9}
.ske mark{color:inherit;background:none;unicode-bidi:isolate;border-bottom:.15em solid transparent;
padding:.05em 0;border-radius:.15em}
.ske mark.up{background:rgb(31 119 180/calc(var(--s)*55%));border-bottom:.15em solid #1f77b4}
.ske mark.down{background:rgb(255 127 14/calc(var(--s)*55%));border-bottom:.15em dashed #d95f02}
.ske mark.unknown{border-bottom:.15em dotted #888}
.ske .aside{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
white-space:nowrap}
.ske table{border-collapse:collapse;margin:.8em 0;max-width:100%}
.ske caption{text-align:left}
.ske th,.ske td{padding:.1em .8em .1em 0;text-align:left;font-weight:400;overflow-wrap:anywhere}
.ske td.number{text-align:right;font-variant-numeric:tabular-nums}
.ske td.bar{width:12rem;padding:0}
.ske td.bar span{display:block;height:.8em;min-width:1px}
.ske td.bar .up{background:#1f77b4}
.ske td.bar .down{background:repeating-linear-gradient(135deg,#d95f02 0 4px,#f6b26b 4px 7px)}
.ske p{margin:.4em 0}
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>body{{font-family:system-ui,sans-serif;margin:1.2rem auto;padding:0 1rem;max-width:60rem}}
h1{{font-size:1.5rem}}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


class RowView(NamedTuple):
    """What is shown of a row."""

    number: int
    cells: list[Cell]
    outputs: list["OutputView"]
    unknown: list[str]
    n_left_out: int  # outputs that are not shown


class OutputView(NamedTuple):
    """What is shown of a row for one output."""

    number: int  # of the output
    name: Any
    base: float
    total: float
    names: list[str]  # of features, the strongest first
    values: list[float]


def page(title: str, rows: list[RowView]) -> str:
    """A page of several rows, one file without scripts."""
    return _PAGE.format(title=_text(title), body="\n".join(fragment(row) for row in rows))


def fragment(row: RowView) -> str:
    """A row as an element, with its style: for notebooks and pages."""
    if len(row.outputs) == 1:
        shown = _panel(row, row.outputs[0], "0").replace("panel panel-0", "alone")
        legend = f"<legend>Row {row.number}</legend>"
        return f'<style>{_STYLE}</style><fieldset class="ske">{legend}{shown}</fieldset>'
    content = "".join(_panel(row, output, "@") for output in row.outputs)
    name = "ske" + sha256(f"{row.number}{content}".encode()).hexdigest()[:12]
    tabs, style = [], [_STYLE]
    for number, output in enumerate(row.outputs):
        checked = " checked" if number == 0 else ""
        tabs.append(
            f'<input type="radio" name="{name}" id="{name}-{number}"{checked}>'
            f'<label for="{name}-{number}">{_text(output.name)} ({output.total:+.2f})</label>'
        )
        style.append(f"#{name}-{number}:checked~.panel-{number}{{display:block}}")
    panels = "".join(_panel(row, output, str(n)) for n, output in enumerate(row.outputs))
    left_out = f" <span>{row.n_left_out} lower outputs not shown</span>" * (row.n_left_out > 0)
    return (
        f"<style>{''.join(style)}</style>"
        f'<fieldset class="ske"><legend>Row {row.number}: output for</legend>'
        f"{''.join(tabs)}{left_out}{panels}</fieldset>"
    )


def _panel(row: RowView, output: OutputView, number: str) -> str:
    name = _text(output.name)
    told = (
        f"<p>Output for {name}: {output.total:+.3f}; {output.base:+.3f} for an empty row and "
        f"{output.total - output.base:+.3f} by what the row has. Blue with a solid line raises "
        "it, orange with a dashed line lowers it.</p>"
    )
    pieces = [piece for cell in row.cells for piece in cell.pieces]
    sizes = [_size(piece, output.number) for piece in pieces]
    most = max(sizes, default=0)
    read = sorted(sizes, reverse=True)[:_MOST_READ][-1] if sizes else 0
    cells = "".join(
        _cell(cell, output.number, most, read, named=len(row.cells) > 1) for cell in row.cells
    )
    unknown = ""
    if row.unknown:
        terms = ", ".join(f"<bdi>{_text(term)}</bdi>" for term in row.unknown)
        unknown = f"<p>Not in the vocabulary, without effect (dotted line): {terms}</p>"
    return f'<div class="panel panel-{number}">{told}{cells}{unknown}{_table(output)}</div>'


def _cell(cell: Cell, output: int, most: float, read: float, *, named: bool) -> str:
    shown = "".join(_piece(piece, output, most, read) for piece in cell.pieces)
    heading = f"<h3>{_text(cell.column)}</h3>" if named else ""
    return f'{heading}<p class="text">{shown}</p>'


def _size(piece: Piece, output: int) -> float:
    return 0.0 if piece.contributions is None else abs(float(piece.contributions[output]))


def _piece(piece: Piece, output: int, most: float, read: float) -> str:
    text = _running(piece.text)
    if piece.contributions is None:
        return text
    value = float(piece.contributions[output])
    size = abs(value) / most if most else 0.0
    if piece.unknown:
        return f'<mark class="unknown" title="not in the vocabulary">{text}</mark>'
    if size < _WEAK:
        return f'<mark title="{value:+.3f}">{text}</mark>'
    sign = "up" if value > 0 else "down"
    aside = f'<span class="aside"> ({value:+.2f})</span>' if abs(value) >= read else ""
    return f'<mark class="{sign}" style="--s:{size:.2f}" title="{value:+.3f}">{text}{aside}</mark>'


def _table(output: OutputView) -> str:
    """The strongest features as a table with bars."""
    names, values = output.names[:_MOST_FEATURES], output.values[:_MOST_FEATURES]
    others = output.values[_MOST_FEATURES:]
    if others:
        names, values = [*names, f"{len(others)} others"], [*values, float(np.sum(others))]
    most = max(map(abs, values), default=1) or 1
    lines = [
        f'<tr><th scope="row"><bdi>{_text(name)}</bdi></th><td class="number">{value:+.3f}</td>'
        f'<td class="bar" aria-hidden="true"><span class="{"up" if value >= 0 else "down"}" '
        f'style="width:{100 * abs(value) / most:.0f}%"></span></td></tr>'
        for name, value in zip(names, values, strict=True)
    ]
    caption = f"<caption>Contributions to the output for {_text(output.name)}</caption>"
    return f"<table>{caption}{''.join(lines)}</table>"


def _text(name: Any) -> str:
    """A name on one line."""
    return escape(escaped(str(name)))


def _running(text: str) -> str:
    """Running text, whose line breaks stay."""
    lines = text.replace("\r\n", "\n").replace("\t", " ").split("\n")
    shown = (escape(escaped(line)) if line.strip() else line for line in lines)
    return "\n".join(shown)
