"""The bar is on standard error."""

from fencepost.training import fit
from training.small import bars, dense_net

IMAGES, LABELS = bars(160)
VALIDATION = bars(60, seed=9)


def test_the_bar_is_on_standard_error_and_only_if_wanted(capsys):
    fit(dense_net(), IMAGES, LABELS, epochs=2)
    assert capsys.readouterr() == ("", "")
    fit(dense_net(), IMAGES, LABELS, epochs=2, validation=VALIDATION, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 1/2" in err and "epoch 2/2" in err and "images/s" in err and "validation" in err
