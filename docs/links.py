"""Find dead links within built HTML pages: files and anchors that are not there.

Sphinx's own linkcheck looks at links to other sites only, and its references do not cover
what themes, templates and raw HTML write. Run with the folder: ``python docs/links.py DIR``.
"""

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit


class Page(HTMLParser):
    """What a page links to, and what can be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the attributes that name files or anchors."""
        found = {name: value for name, value in attrs if value is not None}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        self.links |= {found[name] for name in ("href", "src") if name in found}


def dead_links(root: Path) -> Iterator[str]:
    """Yield a line for each link of the pages below a folder that leads nowhere."""
    root = root.resolve()
    paths = [path for path in sorted(root.rglob("*.html")) if root / "_static" not in path.parents]
    pages = {path: Page(path) for path in paths}
    for path, page in pages.items():
        for link in sorted(page.links):
            if not _is_alive(link, path, pages):
                yield f"{path.relative_to(root)}: {link}"


def _is_alive(link: str, page: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    file, anchor = urldefrag(link)
    target = (page.parent / unquote(urlsplit(file).path)).resolve() if file else page
    if target.is_dir():
        target /= "index.html"
    if target in pages:
        return unquote(anchor) in pages[target].anchors
    return target.exists()


if __name__ == "__main__":
    root = Path(sys.argv[1])
    if not (root / "index.html").exists():
        sys.exit(f"{root} has no index.html: give the folder of the built pages.")
    dead = list(dead_links(root))
    print("\n".join(dead) or f"no dead links within {root}")
    sys.exit(bool(dead))
