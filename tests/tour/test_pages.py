"""The pages in a real Chromium: no errors, controls that do what they say, values of Python's."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

import fencepost as fp
from fencepost.planning import parse_layers
from fencepost.tour import SITE, Server

PAGES = ("lists", "kernels", "pooling", "sizes", "weights", "design", "train", "draw", "model")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_fits_its_window(tab, name, width):
    page = tab(name)
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (
        page.locator("h1").count() == 1
        and len(re.findall(r"\.( |$)", page.locator(".lead").inner_text())) == 2
    )


def test_lists_write_the_sum_out_and_bars_are_dragged(tab):
    page = tab("lists")
    value = page.locator("[data-value]")
    f, g = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8], [1 / 3] * 3
    assert float(value.get_attribute("data-value")) == pytest.approx(fp.convolve(f, g)[5])
    bar = page.locator('[data-bar="f5"]').bounding_box()
    page.mouse.move(bar["x"] + 5, bar["y"] + 2)
    page.mouse.down()
    page.mouse.move(bar["x"] + 5, bar["y"] - 58)
    page.mouse.up()
    changed = [
        float(v) for v in page.evaluate("location.hash").split("f=")[1].split("&")[0].split("%2C")
    ]
    assert changed[5] > 3
    assert float(value.get_attribute("data-value")) == pytest.approx(
        fp.convolve(changed, g)[5], abs=0.01
    )


def test_a_link_restores_its_state(tab):
    page = tab("lists?f=1,2,3&g=10,20,30&at=0&mode=valid&operation=correlation")
    assert page.locator("[data-value]").get_attribute("data-value") == "140"


def test_kernels_show_the_sum_that_made_a_pixel(tab):
    from PIL import Image

    page = tab("kernels?name=laplace&at=200,150")
    value = page.locator("[data-sum]").get_attribute("data-sum")
    colours = np.asarray(Image.open(SITE / "data" / "hopper.jpg").convert("RGB"), float)
    grey = np.round(colours @ [0.299, 0.587, 0.114])
    expected = 9 * grey[150, 200] - grey[149:152, 199:202].sum()
    assert float(value) == pytest.approx(expected, abs=40)  # decoders of JPEG differ by a level
    before = page.locator("canvas").nth(1).evaluate("c => c.toDataURL()")
    page.locator(".matrix input").nth(4).fill("20")
    page.wait_for_function(
        "before => document.querySelectorAll('canvas')[1].toDataURL() !== before", arg=before
    )


def test_sizes_offer_what_fits(tab):
    page = tab("sizes?input=10&kernel=3&padding=0&stride=2")
    with pytest.raises(fp.SizeError) as error:
        fp.output_size(10, 3, stride=2)
    offered = [text.split(" →")[0] for text in page.locator(".fence button").all_inner_texts()]
    assert offered == [suggestion.text for suggestion in error.value.suggestions]
    assert error.value.rule in page.locator(".notice").inner_text()
    page.locator(".fence button").first.click()
    assert page.locator("[data-output]").get_attribute("data-output") == "4"


def test_design_is_what_plan_says(tab):
    layers = "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2), Conv2d(16, 5), Flatten, Linear(10)"
    page = tab("design")
    page.locator("textarea").fill(layers)
    cells = page.locator("tbody tr").all_inner_texts()
    for row, text in zip(fp.plan((1, 28, 28), layers).rows, cells[1:], strict=False):
        _, _, output, size, stride, before, parameters, *_ = text.split("\t")
        assert output == " × ".join(map(str, row.output_shape))
        field = (row.fields or (None,))[0]
        assert size == ("all" if row.covers and field is None else str(row.receptive_field[0]))
        assert [stride, before] == ([str(field.stride), str(field.before)] if field else ["", ""])
        assert parameters == (f"{row.parameters:,}" if row.parameters else "–")
    page.locator("textarea").fill("Conv2d(6, 5), 7")
    with pytest.raises(fp.ArgumentError) as error:
        fp.plan((1, 28, 28), "Conv2d(6, 5), 7")
    assert page.locator(".notice").inner_text().split() == str(error.value).split()


def test_draw_classifies_and_any_value_is_followed(tab):
    page = tab("draw?example=21")
    page.wait_for_selector('[data-best="7"]')
    net = fp.load(SITE / "data" / "lenet5.safetensors")
    content = (SITE / "data" / "digits.bin").read_bytes()[785 * 21 : 785 * 22]
    image = np.frombuffer(content[1:], np.uint8).reshape(1, 1, 28, 28)
    page.locator('[data-layer="0"][data-channel="2"]').click(position={"x": 30, "y": 34})
    layer, channel, y, x = map(int, page.evaluate("location.hash").split("at=")[1].split("%2C"))
    expected = net.features(image)[layer][0, channel, y, x]
    assert float(page.locator("[data-value]").get_attribute("data-value")) == pytest.approx(
        expected, abs=1e-4
    )
    assert float(page.locator("[data-sum]").get_attribute("data-sum")) == pytest.approx(
        expected, abs=1e-4
    )
    page.locator(".numbers [role=button]").first.click()
    assert "pixel(" in page.locator(".sum").last.inner_text()


def test_draw_takes_strokes(tab):
    page = tab("draw")
    page.get_by_role("button", name="Clear").click()
    box = page.locator("canvas.draw").bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 40)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(box["x"] + 150 - step, box["y"] + 40 + 10 * step)
    page.mouse.up()
    page.wait_for_selector('[data-best="1"]')
    assert "strokes=" in page.evaluate("location.hash")


def test_a_digit_is_drawn_with_the_keyboard(tab):
    page = tab("draw")
    page.wait_for_selector("[data-best]")
    page.locator("canvas.draw").focus()
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.wait_for_selector('[data-best="1"]')
    assert page.evaluate("location.hash").count("strokes=") == 1


def test_pooling_draws_and_erases_without_a_pointer(tab):
    page = tab("pooling")
    page.wait_for_selector("[data-kept]")
    page.get_by_role("button", name="Clear").click()
    digit = page.get_by_label("The digit; draw on it")
    digit.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    pixels = page.evaluate("location.hash").split("pixels=")[1].split("&")[0]
    assert [at for at, level in enumerate(pixels) if level == "f"] == [14 * 28 + 14, 14 * 28 + 15]


def test_a_drawing_is_prepared_as_predict_does(tab):
    page = tab("draw")
    drawing = np.zeros((280, 280), np.float32)
    drawing[40:240, 90:112] = drawing[40:62, 90:200] = 1
    ours = page.evaluate(
        "async (ink) => Array.from((await import('./lib/digits.js')).prepareDigit(ink, 280, 280))",
        drawing.ravel().tolist(),
    )
    theirs = fp.datasets.prepare.photograph(
        (255 * drawing).astype(np.uint8),
        (1, 28, 28),
        fp.datasets.prepare.Preparation("mnist", "dark"),
    ).image
    assert np.abs(np.array(ours) - theirs.ravel().astype(int)).max() <= 2


def test_pooling_keeps_more_than_the_map(tab):
    page = tab("pooling?right=1&down=1")
    page.wait_for_function("""() => {
        const kept = document.querySelector("[data-kept]")?.dataset.kept ?? "1,1";
        const [before, after] = kept.split(",").map(Number);
        return before < after && after < 1;  // once the digit is there
    }""")


def test_shared_weights_change_together(tab):
    page = tab("weights?f=1,2,3&g=1,-1")
    assert page.locator("[data-y]").get_attribute("data-y") == "1,1,1"
    page.locator("input[type=range]").first.fill("2")
    assert page.locator("[data-y]").get_attribute("data-y") == "2,3,4"


@pytest.mark.slow
def test_training_learns_and_saves_what_predict_reads(tab, tmp_path, capsys):
    from PIL import Image

    from fencepost.cli.app import run

    page = tab("train?layers=Conv2d(4, 5, stride=2, remainder='crop'), ReLU, Flatten, Linear(10)")
    page.get_by_role("button", name="Train").click()
    page.wait_for_selector("[data-accuracy]", timeout=1_200_000)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save .safetensors").click()
    saved.value.save_as(tmp_path / "tour.safetensors")
    net = fp.load(tmp_path / "tour.safetensors")
    assert net.evaluate(*fp.datasets.mnist("test")).accuracy > 0.9
    drawing = np.full((280, 280), 255, np.uint8)
    drawing[40:240, 130:152] = 0
    Image.fromarray(drawing).save(tmp_path / "one.png")
    assert run(["predict", str(tmp_path / "tour.safetensors"), str(tmp_path / "one.png")]) == 0
    assert "one.png: 1 (" in capsys.readouterr().out


def test_the_model_that_the_command_was_given_is_opened(context):
    with Server(SITE / "data" / "lenet5.safetensors") as given:
        page = context.new_page()
        page.goto(given.url)
        page.locator("h2", has_text="the model that was given").wait_for()
        page.close()


def test_your_model_predicts_your_picture(tab, tmp_path):
    from PIL import Image

    net = fp.Network(
        (3, 12, 12),
        [fp.Conv2d(4, 3), fp.ReLU(), fp.Flatten(), fp.Linear(2)],
        class_names=["cat", "dog"],
        normalization=(100, 50),
        seed=3,
    )
    net.save(tmp_path / "own.safetensors")
    pixels = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "own.png")
    page = tab("model")
    page.locator("[data-model]").set_input_files(tmp_path / "own.safetensors")
    page.locator("input[accept='image/*']").set_input_files(tmp_path / "own.png")
    best = page.locator("[data-best]").get_attribute("data-best")
    assert best == net.class_names[net.predict(pixels.transpose(2, 0, 1)[None])[0]]


def clicked(page, view, channel, across, down):
    """Click a map, and return its value and what the page adds up to."""
    page.locator(f'[data-layer="{view}"][data-channel="{channel}"]').evaluate(
        """(map, [across, down]) => {
            const box = map.getBoundingClientRect();
            const [clientX, clientY] = [box.left + across * box.width, box.top + down * box.height];
            map.dispatchEvent(new MouseEvent("click", { clientX, clientY }));
        }""",
        [across, down],
    )
    sums = page.locator("[data-sum]")
    value = float(page.locator("[data-value]").get_attribute("data-value"))
    return value, float(sums.last.get_attribute("data-sum")) if sums.count() else value


def test_every_layer_of_your_model_is_followed(tab, tmp_path):
    from PIL import Image

    layers = (
        "Conv2d(4, 3, padding=1), BatchNorm2d, Residual(GroupNorm(2), Residual(Conv2d(4, 1))),"
        "Tanh, Concat([], [Conv2d(2, 1), LayerNorm(over='channels')]), Upsample(scale_factor=2),"
        "Gate(GlobalAvgPool, Linear(6), Sigmoid), ConvTranspose2d(3, 3, stride=2), LayerNorm,"
        "AdaptiveAvgPool2d(4), AvgPool2d(2), Flatten, Linear(3), Softmax"
    )
    net = fp.Network((3, 12, 12), parse_layers(layers), normalization=(100, 50), seed=3)
    net.save(tmp_path / "own.safetensors")
    pixels = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "own.png")
    page = tab("model")
    page.locator("[data-model]").set_input_files(tmp_path / "own.safetensors")
    page.locator("input[accept='image/*']").set_input_files(tmp_path / "own.png")
    page.wait_for_selector("[data-best]")
    views = page.locator(".layers h3").count() - 1
    places = [title.split()[0] for title in page.locator(".layers h3").all_inner_texts()]
    for view in range(views):
        flat = page.locator(f'[data-layer="{view}"]').evaluate_all("maps => maps.length") == 1
        value, total = clicked(page, view, 0, 0.01 if flat else 0.7, 0.01 if flat else 0.6)
        assert total == pytest.approx(value, rel=1e-3, abs=2e-4), places[view + 1]
    value, _ = clicked(page, views - 1, 0, 0.01, 0.01)
    expected = net(pixels.transpose(2, 0, 1)[None])[0, 0]
    assert value == pytest.approx(expected, abs=1e-4)


def test_a_model_of_signals_is_shown_with_a_signal_of_a_file(tab, tmp_path):
    layers = [fp.Conv1d(4, 5), fp.ReLU(), fp.Flatten(), fp.Linear(2)]
    net = fp.Network((2, 9), layers, class_names=["ill", "ok"], seed=4)
    net.save(tmp_path / "own.safetensors")
    signals = np.random.default_rng(1).standard_normal((3, 2, 9)).astype(np.float32)
    rows = [",".join(map(str, (*signal.ravel(), "ok"))) for signal in signals]
    (tmp_path / "own.csv").write_text("\n".join(rows))
    page = tab("model")
    page.locator("[data-model]").set_input_files(tmp_path / "own.safetensors")
    page.wait_for_selector("[data-best]")
    page.locator("[data-signals]").set_input_files(tmp_path / "own.csv")
    page.locator("input[type=number]").fill("3")
    page.locator(".note", has_text="own.csv: 3 signals. This one's label is ok.").wait_for()
    expected = pytest.approx(net.features(signals[2:])[0][0, 2, 2], abs=1e-4)
    for _ in range(2400):  # the maps follow in one of the next frames
        value, total = clicked(page, 0, 0, 0.5, 0.6)
        if value == expected:
            break
        page.wait_for_timeout(100)
    assert value == expected and total == pytest.approx(value, abs=1e-4)
    (tmp_path / "bad.csv").write_text("1,2,3\n4,5,6")
    page.locator("[data-signals]").set_input_files(tmp_path / "bad.csv")
    page.locator(".notice", has_text="2 × 9 = 18 numbers").wait_for()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_for_accessibility(tab, name, theme, axe):
    page = tab(name)
    page.emulate_media(color_scheme=theme)
    page.wait_for_timeout(600)
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(result => JSON.stringify(result.violations))")
    serious = [
        (violation["id"], [node["html"][:120] for node in violation["nodes"][:3]])
        for violation in json.loads(found)
        if violation["impact"] in ("serious", "critical")
    ]
    assert not serious


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """axe-core from npm, which is fetched once a run; without it the check is skipped."""
    import subprocess

    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    folder = tmp_path_factory.mktemp("axe")
    command = ["npm", "install", "--silent", "--prefix", str(folder), "axe-core@4.10.3"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    except (subprocess.SubprocessError, OSError):
        pytest.skip("axe-core could not be had from npm")
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
