"""What the site shows is computed while it is built: pictures, numbers, and pages made of them.

The blocks of every page are run (see blocks): the pictures that they write stand where the page
asks for them, and the outputs are those of this build. ``<!-- figure 7 -->`` becomes a figure of
the article. The changelog, the benchmarks' results and the commands become pages.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import blocks
import commands
import figures
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.utils.meta import get_data

ROOT = Path(__file__).parents[2]
PICTURES = (".svg", ".png", ".gif")
FIGURE = re.compile(r"<!-- figure (\d+) -->")
GALLERY = "<!-- figures -->"
# Files of the project that are pages too, and what links to them from within docs/ becomes.
ELSEWHERE = {"changelog.md": "CHANGELOG.md", "speed.md": "benchmarks/RESULTS.md"}

_figures: dict[int, Any] = {}  # of the article: number, name and what was drawn
_pages: dict[str, str] = {}  # Markdown of pages whose blocks have run


def on_config(config: Any) -> Any:
    """Fill in the parts of the navigation that are whatever a folder holds."""
    config["nav"] = [_filled(entry) for entry in config["nav"]]
    return config


def _filled(entry: Any) -> Any:
    if isinstance(entry, list):
        return [item for part in entry if (item := _filled(part)) != []]
    if isinstance(entry, dict):
        ((title, value),) = entry.items()
        if value == "commands/*":
            return {
                title: ["commands/index.md", *(f"commands/{name}.md" for name in commands.names())]
            }
        if isinstance(value, str) and value.endswith("/*"):
            folder = ROOT / "docs" / value[:-2]
            names = sorted(path.name for path in folder.glob("*.md"))
            names.sort(key=lambda name: name not in ("README.md", "index.md"))
            return {title: [f"{value[:-1]}{name}" for name in names]} if names else []
        return {title: _filled(value)}
    return entry


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and pictures that are made while the site is built."""
    made: dict[str, str | bytes] = {}
    for name, source in ELSEWHERE.items():
        made[name] = (ROOT / source).read_text(encoding="utf-8")
    made |= commands.pages()
    made |= _article()
    for file in files.documentation_pages():
        text = file.content_string
        if blocks.has_blocks(text) and not file.src_uri.startswith(("findings/", "decisions/")):
            made |= _run(file.src_uri, text)
    for name, content in made.items():
        if files.get_file_from_path(name) is not None:
            raise PluginError(f"docs/{name} is made while the site is built; it cannot be there.")
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put in what was computed, and mend links to what lies outside docs/."""
    uri = page.file.src_uri
    text = _pages.get(uri, markdown)
    up = "../" * uri.count("/")
    text = FIGURE.sub(lambda match: _figure(int(match[1]), up), text)
    if GALLERY in text:
        every = (
            f"## {number}. {figure.title}\n\n{_figure(number, up)}"
            for number, (figure, _) in _figures.items()
        )
        text = text.replace(GALLERY, "\n\n".join(every))
    for name, source in ELSEWHERE.items():
        text = text.replace(f"]({up}../{source})", f"]({up}{name})")
    return text


def _article() -> dict[str, bytes]:
    """Draw the figures of the article."""
    from fencepost.plots import article, save

    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for figure in article.figures():
            drawn = figure.draw()
            path = save(drawn.figure, Path(folder) / f"{figure.stem}.svg")
            files[f"figures/{path.name}"] = path.read_bytes()
            _figures[figure.number] = figure, drawn
    return files


def _figure(number: int, up: str) -> str:
    return figures.markdown(*_figures[number], f"{up}figures/")


def _run(uri: str, text: str) -> dict[str, bytes]:
    """Run a page's blocks; return the pictures that they wrote, beside the page."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            _pages[uri], _ = get_data(blocks.run(text, Path(folder), uri))  # less its head
        except Exception as error:
            raise PluginError(f"docs/{uri}: {type(error).__name__}: {error}") from error
        directory = uri.rpartition("/")[0]
        return {
            f"{directory}/{path.name}".lstrip("/"): path.read_bytes()
            for path in sorted(Path(folder).iterdir())
            if path.suffix in PICTURES and f"]({path.name})" in text
        }
