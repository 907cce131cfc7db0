"""The site: every block of code on its pages does what the page shows, and nothing is missing."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import fencepost as fp

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "hooks"))
try:
    import blocks
    import commands
    import figures
    import members
    import offline
finally:
    sys.path.remove(str(DOCS / "hooks"))

# The folders of others' pages: decisions are history, findings have tests of their own.
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if path.relative_to(DOCS).parts[0] not in ("decisions", "findings")
)
WITH_CODE = [path for path in PAGES if blocks.has_blocks(path.read_text(encoding="utf-8"))]


def name(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("path", WITH_CODE, ids=name)
def test_blocks_do_what_the_page_shows(path, tmp_path):
    text = path.read_text(encoding="utf-8")
    blocks.run(text, tmp_path, name(path))
    # What the page shows was drawn by it, and by nothing that is stored.
    for picture in re.findall(r"!\[[^\]]*\]\(([^)/]+)\)", text):
        assert (tmp_path / picture).stat().st_size > 1000, picture
        assert not (path.parent / picture).exists(), picture


def test_no_page_shows_the_picture_of_another():
    shown = [
        (path.parent, picture)
        for path in WITH_CODE
        for picture in set(re.findall(r"!\[[^\]]*\]\(([^)/]+)\)", path.read_text(encoding="utf-8")))
    ]
    assert len(shown) == len(set(shown)), "pages of a folder write their pictures into one folder"


def test_the_tutorial_has_code():
    tutorial = [path for path in WITH_CODE if path.parent.name == "tutorial"]
    assert len(tutorial) >= 7


def test_all_figures_of_the_article_are_on_a_page():
    from fencepost.plots import article

    numbers = {figure.number for figure in article.figures()}
    shown = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    named = {int(number) for number in re.findall(r"<!-- figure (\d+) -->", shown)}
    assert named <= numbers
    assert "<!-- figures -->" in shown  # the page of all of them


def test_a_figure_stands_on_its_page_with_the_code_that_draws_it():
    from fencepost.plots import article

    (figure,) = [figure for figure in article.figures() if figure.number == 14]
    drawn = figure.draw()
    text = figures.markdown(figure, drawn, "../figures/")
    assert f"![{figure.title}](../figures/{figure.stem}.svg)" in text
    assert drawn.claim in text
    assert f"def {figure.draw.__name__}(" in text and "return Drawn(" in text
    assert all("\ndef " in figures.markdown(figure, drawn, "") for figure in article.figures())


def public_names() -> list[str]:
    """Everything that a user may import from fencepost or its public modules."""
    names = []
    for name in fp.__all__:
        if isinstance(module := getattr(fp, name), ModuleType):
            names += [f"fencepost.{name}.{inner}" for inner in module.__all__]
        else:
            names.append(f"fencepost.{name}")
    return names


@pytest.fixture(scope="module")
def documented() -> set[str]:
    """Last parts of the names that the reference shows, with the sentences around them."""
    pages = [path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md")]
    text = "\n".join(members.expanded(page) for page in pages)
    return set(re.findall(r"^::: fencepost\.(?:\w+\.)*(\w+)$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("public", public_names())
def test_the_reference_has_every_public_name(public, documented):
    others = {"box": "mean", "prepare": "photograph"}  # said in a sentence: another name, a module
    last = public.rpartition(".")[2]
    assert others.get(last, last) in documented


def test_the_reference_names_only_what_there_is():
    for path in (DOCS / "reference").glob("*.md"):
        text = members.expanded(path.read_text(encoding="utf-8"))
        for module, last in re.findall(r"^::: ([\w.]+)\.(\w+)$", text, flags=re.MULTILINE):
            assert hasattr(importlib.import_module(module), last), f"{module}.{last}"


def test_less_leaves_names_out():
    every = members.expanded("<!-- members of fencepost.kernels -->")
    fewer = members.expanded("<!-- members of fencepost.kernels less box, mean -->")
    gone = set(every.split("\n")) - set(fewer.split("\n"))
    assert gone == {"::: fencepost.kernels.box", "::: fencepost.kernels.mean"}


@pytest.mark.parametrize("command", commands.names())
def test_a_command_has_a_page_of_its_help(command, capsys, monkeypatch):
    from fencepost.cli.app import loaded, run

    monkeypatch.setenv("COLUMNS", "100")
    assert run([command, "--help"]) == 0
    shown = capsys.readouterr().out
    page = commands.pages()[f"commands/{command}.md"]
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", shown)) - {"--help"}
    in_table = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*(?=`)", page))
    assert in_table <= options
    assert in_table == {
        name
        for parameter in commands.parameters(loaded(command)[0])
        for name in parameter.names
        if name.startswith("--")
    }
    assert f"fencepost {command}" in page.partition("## Examples")[2]
    assert f"[{command}]({command}.md)" in commands.pages()["commands/index.md"]


def test_an_option_is_told_with_its_default_and_kind():
    from fencepost.cli.app import loaded

    found = {
        parameter.names[0]: parameter for parameter in commands.parameters(loaded("convolve")[0])
    }
    assert found["SIGNAL"].required and not found["SIGNAL"].is_option
    assert found["--kernel"].names == ("--kernel", "-k") and found["--kernel"].required
    assert (found["--boundary"].kind, found["--boundary"].default) == ("text", "`reflect`")
    assert (found["--json"].kind, found["--json"].default) == ("", "")


class TestBlocks:
    """The runner of blocks: what it must notice."""

    def test_wrong_output_is_told_with_its_place(self, tmp_path):
        page = "Text\n\n```pycon\n>>> 1 + 1\n2\n>>> 1 + 2\n4\n```\n"
        with pytest.raises(blocks.WrongOutput, match=r"here\.md, line 6: >>> 1 \+ 2") as caught:
            blocks.run(page, tmp_path, "here.md")
        assert "The page shows:\n4\nWhat came out:\n3\n" in str(caught.value)

    @pytest.mark.parametrize(
        "page",
        [
            "```pycon\n>>> print('seen')\n```\n",
            "```pycon\n>>> 1 / 0\n```\n",
            "```pycon\n>>> 1 / 0\nValueError: division by zero\n```\n",
            "```console\n$ fencepost --version\nfencepost 0\n```\n",
            "- a list\n\n    ```pycon\n    >>> 1\n    2\n    ```\n",
        ],
        ids=["nothing shown", "error not shown", "another error", "command", "indented"],
    )
    def test_what_is_not_as_shown_is_noticed(self, page, tmp_path):
        with pytest.raises(blocks.WrongOutput):
            blocks.run(page, tmp_path)

    def test_an_error_in_a_block_is_raised(self, tmp_path):
        with pytest.raises(ZeroDivisionError):
            blocks.run("```python\n1 / 0\n```\n", tmp_path)

    def test_names_last_from_block_to_block_and_no_longer(self, tmp_path):
        page = "```python\nx = 2\n```\n\n```pycon\n>>> x\n2\n```\n"
        assert blocks.run(page, tmp_path) == page
        with pytest.raises(blocks.WrongOutput, match="NameError"):
            blocks.run("```pycon\n>>> x\n2\n```\n", tmp_path)

    def test_dots_stand_for_what_comes_out_and_the_page_gets_it(self, tmp_path):
        page = "```pycon\n>>> list(range(4))\n[0, ...]\n```\n"
        assert blocks.run(page, tmp_path) == page.replace("...", "1, 2, 3")

    def test_errors_are_shown_by_their_last_lines(self, tmp_path):
        page = "```pycon\n>>> int('x')\nValueError: invalid literal for int() ...\n```\n"
        assert "with base 10: 'x'" in blocks.run(page, tmp_path)

    def test_commands_run_and_may_keep_their_output_to_themselves(self, tmp_path):
        shown = f"```console\n$ fencepost --version\nfencepost {fp.__version__}\n```\n"
        assert blocks.run(shown, tmp_path) == shown
        silent = "```console\n$ fencepost --version\n```\n"
        assert blocks.run(silent, tmp_path) == silent

    def test_a_command_may_go_on_on_the_next_line(self, tmp_path):
        page = f"```console\n$ fencepost \\\n    --version\nfencepost {fp.__version__}\n```\n"
        assert blocks.run(page, tmp_path) == page

    def test_wide_output_is_folded_on_the_page(self, tmp_path):
        page = "```pycon\n>>> print('word ' * 40)\nword ...\n```\n"
        lines = blocks.run(page, tmp_path).splitlines()
        assert max(map(len, lines)) <= blocks.COLUMNS
        assert sum(line.split().count("word") for line in lines[2:]) == 40

    def test_other_programs_are_not_run(self, tmp_path):
        with pytest.raises(blocks.WrongOutput, match="Only fencepost"):
            blocks.run("```console\n$ rm -r /\n```\n", tmp_path)

    def test_other_blocks_are_left_alone(self, tmp_path):
        page = "```sh\nfencepost train\n```\n\n```text\n>>> 1\n2\n```\n"
        assert not blocks.has_blocks(page)
        assert blocks.run(page, tmp_path) == page

    def test_files_are_written_to_the_folder(self, tmp_path):
        before = Path.cwd()
        blocks.run("```python\nopen('here.txt', 'w').close()\n```\n", tmp_path)
        assert (tmp_path / "here.txt").is_file()
        assert Path.cwd() == before


class TestMembers:
    """What is mended of the reference's HTML."""

    class Page:
        class file:
            src_uri = "reference/x.md"

    @pytest.mark.parametrize(
        ("made", "mended"),
        [
            (
                "  (<code>(array_like, (n,) or (H, W))</code>)",
                "  (<code>array_like, (n,) or (H, W)</code>)",
            ),
            (
                "  (<code>(&#39;a&#39;, &#39;b&#39;)</code>)",
                "  (<code>&#39;a&#39;, &#39;b&#39;</code>)",
            ),
            ("<p>as follows::</p>", "<p>as follows:</p>"),
            ("  <code>(<autoref>A</autoref>, B)</code>", "  <code><autoref>A</autoref>, B</code>"),
            ("  (<code>(height, width)</code>)", "  (<code>(height, width)</code>)"),
            ("  <code>(&#39;a&#39;,)</code>", "  <code>(&#39;a&#39;,)</code>"),  # a default
            ("<p>by <code>(array, x)</code></p>", "<p>by <code>(array, x)</code></p>"),
        ],
    )
    def test_only_what_mkdocstrings_added(self, made, mended):
        assert members.on_page_content(made, self.Page) == mended


class TestOffline:
    """The search for what a page would fetch."""

    @pytest.mark.parametrize(
        "page",
        [
            '<script src="https://example.org/x.js"></script>',
            '<script src="//example.org/x.js"></script>',
            '<link rel="stylesheet" href="https://example.org/x.css">',
            '<link rel="preconnect" href="https://example.org" crossorigin>',
            '<img srcset="a.png 1x, https://example.org/a.png 2x">',
            '<p style="background: url(https://example.org/a.png)">',
            "<style>@import 'https://example.org/x.css';</style>",
            "<style>@font-face { src: url(//example.org/x.woff2) }</style>",
        ],
    )
    def test_finds_what_is_fetched(self, page):
        assert len(offline.loads(page)) == 1

    @pytest.mark.parametrize(
        "page",
        [
            '<a href="https://example.org">go there</a>',
            '<link rel="canonical" href="https://example.org/page.html">',
            '<script src="../assets/x.js"></script><img src="x.svg">',
            "<pre>url(https://example.org/x)</pre>",
            '<math xmlns="http://www.w3.org/1998/Math/MathML"></math>',
        ],
    )
    def test_leaves_the_rest(self, page):
        assert offline.loads(page) == []


def test_the_engines_page_names_files_that_exist_and_every_file():
    engine = DOCS.parent / "engine"
    text = (DOCS / "engine.md").read_text(encoding="utf-8")
    table = text.partition("## Files")[2].partition("\n\nIncludes")[0]
    named: set[Path] = set()
    for name in re.findall(r"`([\w/.*]+)`", "".join(re.findall(r"^\|([^|]*)\|", table, re.M))):
        pattern = f"{name}*" if name.endswith("/") else name
        files = {path for path in engine.glob(pattern) if path.is_file()}
        assert files, f"docs/engine.md names {name}, and there is no such file"
        named |= files
    unnamed = {path for path in engine.rglob("*.[ch]*") if path.is_file()} - named
    assert not unnamed, f"docs/engine.md does not name {sorted(map(str, unnamed))}"
