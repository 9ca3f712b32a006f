"""What skembed gains on the best rival, from the tables in benchmarks/results.

Drawn by the documentation; ``python docs/figures/overview.py FILE`` writes the README's picture.
"""

import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt

import skembed

RESULTS = Path(skembed.__file__).parents[1] / "benchmarks" / "results"
COLOURS = {"text and lists": "#1f77b4", "tables": "#d97706", "histories": "#2a9d5c"}


def table(name):
    """Return the lines of the first table of a file with results, as dicts."""
    found = re.search(r"(?:^\|.*\n)+", (RESULTS / name).read_text(), re.MULTILINE)
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()
    ]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def number(text):
    """Return the number before a standard error."""
    return float(text.split("±")[0])


def text_bars():
    """Gains on the rival with the lowest loss, for texts and lists of terms."""
    wanted = {
        "IMDB, words": "IMDB reviews, words",
        "IMDB, words and pairs": "IMDB reviews, words and pairs",
        "What's Cooking": "What's Cooking, ingredients",
        "20 newsgroups": "20 newsgroups, words",
    }
    lines = table("quality.md")
    others = re.findall(
        r"^\| ([^|]*?) \| ((?:MLP|NB-LR|fastText)[^|,]*).*? \| [\d.]+ \| ([\d.]+) \|",
        (RESULTS / "quality.md").read_text(),
        re.MULTILINE,
    )
    for data, title in wanted.items():
        line = next(line for line in lines if line["data"] == data)
        rivals = [(number(line["its score"]), line["best rival"].split(",")[0])]
        rivals += [(float(loss), name.strip()) for of, name, loss in others if of == data]
        loss, rival = min(rivals)
        yield title, "text and lists", 1 - number(line["ours"]) / loss, rival


def table_bars():
    """Gains on the best of trees, CatBoost and linear models."""
    wanted = {
        "Adult": "Adult",
        "Amazon access": "Amazon access",
        "Listings, log price": "Airbnb listings, no words",
    }
    for line in table("tables.md"):
        if line["data"] in wanted:
            rival = line["best rival"].split(",")[0]
            share = number(line["ours better by"]) / number(line["its score"])
            yield wanted[line["data"]], "tables", share, rival


def history_bars():
    """Gains in NDCG on the best recommender."""
    lines = [line for line in table("recommend.md") if "new users" in line["data"]]
    for data in dict.fromkeys(line["data"] for line in lines):
        ours, *rivals = (line for line in lines if line["data"] == data)
        best = max(rivals, key=lambda line: number(line["NDCG@100"]))
        share = number(ours["NDCG@100"]) / number(best["NDCG@100"]) - 1
        yield data.split(",")[0] + ", new users", "histories", share, best["model"]


bars = [*text_bars(), *table_bars(), *history_bars()]
figure, ax = plt.subplots(figsize=(8, 3.9), layout="constrained")
for place, (_, group, share, rival) in enumerate(bars):
    ax.barh(place, 100 * share, color=COLOURS[group], height=0.7)
    ax.text(
        max(100 * share, 0) + 0.4,
        place,
        f"{100 * share:.1f} %  vs {rival}",
        va="center",
        fontsize=9,
    )
ax.set_yticks(range(len(bars)), [name for name, *_ in bars])
ax.invert_yaxis()
shares = [100 * share for _, _, share, _ in bars]
ax.set(xlim=(1.2 * min(0, *shares), 1.5 * max(shares)))
ax.axvline(0, color="0.4", linewidth=1)
ax.set_xlabel("better than the rival, in % of its score (log loss, R2, NDCG)")
ax.spines[["top", "right"]].set_visible(False)
handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in COLOURS.values()]
ax.legend(handles, COLOURS, loc="lower right", frameon=False)

if __name__ == "__main__" and len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=120)
