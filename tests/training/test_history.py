"""The record of a training: columns, table, JSON."""

import json

import pytest

import fencepost as fp
from fencepost.training import Epoch, History


def history():
    return History(
        [
            Epoch(1, 0.1 + 0.2, 1 / 3, 0.25, 0.5, 0.01, 1.5, 40000.5),
            Epoch(2, 1e-17, 0.99, None, None, 3e-7, 0.1, 123456.0),
        ],
        best_epoch=1,
        outcome="stopped early",
        settings={"seed": 3, "optimizer": {"name": "sgd"}},
    )


def test_json_there_and_back_is_exact():
    assert History.from_json(history().to_json()) == history()
    assert History.from_dict(json.loads(json.dumps(history().to_dict()))) == history()


def test_columns():
    assert history()["loss"] == [0.1 + 0.2, 1e-17]
    assert history().seconds == 1.6
    assert len(history()) == 2 and [epoch.epoch for epoch in history()] == [1, 2]
    with pytest.raises(fp.ArgumentError, match=r"has the columns epoch, loss, .* 'los'"):
        history()["los"]


def test_table():
    assert str(history()).splitlines() == [
        "epoch    loss  accuracy  validation loss  validation accuracy   rate  seconds  images/s",
        "    1  0.3000   33.33 %           0.2500              50.00 %   0.01     1.50    40,000",
        "    2  0.0000   99.00 %                                        3e-07     0.10   123,456",
        "best: epoch 1",
        "stopped early",
    ]


def test_table_leaves_out_what_there_is_not():
    regression = History([Epoch(1, 0.5, None, None, None, 0.1, 1.0, 10.0)], outcome="finished")
    assert "accuracy" not in str(regression) and "validation" not in str(regression)
    assert str(History()).startswith("epoch")
