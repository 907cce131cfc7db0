"""A Chromium for the tests of the pages, and tabs in which nothing may go wrong."""

from __future__ import annotations

import pytest

from fencepost.tour import Server

LONGEST = 240_000  # milliseconds after which a page hangs; 30 s may be too few on a busy machine


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


@pytest.fixture
def context(browser):
    """Where pages are opened, without what other tests left."""
    opened = browser.new_context(viewport={"width": 1200, "height": 900})
    opened.set_default_timeout(LONGEST)
    yield opened
    opened.close()


@pytest.fixture
def tab(context, server):
    """A function that opens a page; in the end nothing was wrong, and nothing from elsewhere."""
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: wrong.append(message.text) if message.type == "error" else None,
    )
    page.on("request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]))
    hosts: set[str] = set()

    def opened(link):
        page.goto("about:blank")
        page.goto(f"{server.url}#{link}")
        page.wait_for_selector(f'body[data-ready="{link.split("?")[0]}"]')
        return page

    yield opened
    page.close()
    assert not wrong
    assert hosts <= {"127.0.0.1", ""}
