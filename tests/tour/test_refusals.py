"""Pages with bad models, pictures and links, and in browsers that lack something: they go on."""

from __future__ import annotations

import shutil

import pytest

from fencepost.tour import SITE

BAD = {
    "truncated": (lambda good: good[:-100], "cut off"),
    "another kind": (lambda _: b"GIF89a, which is no model at all", "must be a safetensors file"),
    "not ours": (lambda _: (2).to_bytes(8, "little") + b"{}", "must describe its network"),
    "unknown layers": (
        lambda good: renamed(good, "ReLU", "SeLU"),
        "does not support the layer SeLU",
    ),
    "weights": (lambda good: good[:-4] + b"\x00\x00\xc0\x7f", "weights must be finite"),
    "sizes": (
        lambda good: good.replace(b'out_features\\": 120', b'out_features\\": 999'),
        "shape (999, 400)",
    ),
    "too large": (lambda good: good + bytes(70_000_000), "up to 64 MB"),
    "header": (lambda good: good[:8] + b"{" + good[9:40] + b"\\xff" * 9 + good[49:], "damaged"),
}


def renamed(content, old, new):
    return content.replace(f'\\"{old}\\"'.encode(), f'\\"{new}\\"'.encode())


@pytest.mark.parametrize("case", BAD)
def test_a_bad_model_is_refused_and_the_page_goes_on(tab, case, tmp_path):
    change, words = BAD[case]
    good = (SITE / "data" / "lenet5.safetensors").read_bytes()
    (tmp_path / "bad.safetensors").write_bytes(change(good))
    page = tab("model")
    page.locator("[data-model]").set_input_files(tmp_path / "bad.safetensors")
    assert words in page.locator(".notice").inner_text()
    page.locator("[data-model]").set_input_files(SITE / "data" / "lenet5.safetensors")
    page.locator("h2", has_text="lenet5.safetensors").wait_for()
    assert page.locator(".notice").count() == 0


HOSTILE = {
    "lists": "f=1e999,a&g=,,&at=x&mode=<b>",
    "kernels": "kernel=1,2;3&at=9e9,-4&boundary=x&name=<script>&offset=NaN",
    "pooling": "pixels=zzz&size=1e9&right=99&kind=constructor",
    "sizes": "input=-1&kernel=1e9&stride=0&after=-3&remainder=x&dilation=NaN",
    "weights": "f=1,x&g=" + "1," * 99,
    "design": "input=0x0&layers=Conv2d(99999999999,9999)",
    "train": "layers=Linear(99999999999)&rate=-1&seed=x",
    "draw": "strokes=zz.00&example=-7&at=9,9,9,9&model=trained",
    "model": "at=1e9,0,0,0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_link_of_another_version_opens_the_page(tab, name):
    page = tab(f"{name}?{HOSTILE[name]}&more=1")
    page.wait_for_timeout(400)
    assert page.locator("h1").count() == 1 and page.locator("[data-broken]").count() == 0


def test_a_file_that_is_no_picture_and_a_camera_that_is_not_there(tab, tmp_path):
    (tmp_path / "no.png").write_bytes(b"nothing")
    page = tab("kernels")
    page.locator("input[accept='image/*']").set_input_files(tmp_path / "no.png")
    assert "not an image" in page.locator(".notice").inner_text()
    drawn = page.evaluate("Number(document.querySelector('[data-ms]')?.dataset.ms ?? 0)")
    page.get_by_role("button", name="5 × 5").click()
    page.wait_for_function(
        "before => Number(document.querySelector('[data-ms]')?.dataset.ms ?? before) !== before",
        arg=drawn,
    )
    assert "not an image" in page.locator(".notice").inner_text()  # whatever is drawn meanwhile
    page.get_by_role("button", name="Camera").click()
    page.locator(".notice", has_text="There is no camera").wait_for()


def test_multiplications_and_additions_are_fused_where_the_browser_does_that(tab):
    file = tab("lists").evaluate("import('./engine/core.js').then((core) => core.wasmFile())")
    assert file == "fencepost-relaxed.wasm"  # in Chromium from 114 on


def test_without_simd_a_sentence_says_so(context, server):
    context.add_init_script("WebAssembly.validate = () => false")
    page = context.new_page()
    page.goto(f"{server.url}#kernels")
    page.locator(".notice", has_text="no WebAssembly SIMD").wait_for()


def test_pages_work_below_any_path(context, tmp_path):
    import functools
    import http.server
    import threading

    shutil.copytree(SITE, tmp_path / "some" / "where")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as static:
        threading.Thread(target=static.serve_forever, daemon=True).start()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{static.server_port}/some/where/#draw")
        page.wait_for_selector("[data-best]")
        page.close()
        static.shutdown()
