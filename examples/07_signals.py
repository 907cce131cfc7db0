"""Signals: a network of Conv1d layers that distinguishes noisy waves, squares and pulses.

Run: python examples/07_signals.py [FOLDER]    saves its figures in FOLDER, or out/
"""

import sys
from pathlib import Path

import numpy as np

import fencepost as fp

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
out.mkdir(parents=True, exist_ok=True)

# 64 samples each; the position of the wave or pulse is random, and there is noise.
rng = np.random.default_rng(0)
t = np.arange(64)
kinds = ("wave", "square", "pulse")


def signal(kind: str) -> np.ndarray:
    """Make a signal of the given kind."""
    wave = np.sin(0.4 * t + rng.uniform(0, 2 * np.pi))
    pulse = 2 * np.exp(-(((t - rng.uniform(10, 54)) / 2) ** 2))
    clean = {"wave": wave, "square": np.sign(wave), "pulse": pulse}[kind]
    return clean + rng.normal(0, 0.5, len(t))


labels = rng.integers(0, 3, 2000)
signals = np.array([signal(kinds[label]) for label in labels], np.float32)[:, None]
print("signals, channels, samples:", signals.shape)

net = fp.Network(
    (1, 64),
    [
        fp.Conv1d(8, 7, padding=3),
        fp.ReLU(),
        fp.MaxPool1d(4),
        fp.Conv1d(16, 5, padding=2),
        fp.ReLU(),
        fp.GlobalMaxPool(),
        fp.Flatten(),
        fp.Linear(3),
    ],
    class_names=kinds,
)
print(net)
net.fit(signals[:1600], labels[:1600], epochs=15)
result = net.evaluate(signals[1600:], labels[1600:])
print(f"\n{result}")

# Apply the first layer's kernel by hand: the same numbers. layer_kernel returns it flipped.
inputs = (signals[1600, 0] - net.normalization.mean) / net.normalization.std
by_hand = fp.convolve(inputs, net.layer_kernel(0)[0, 0], "same") + net.parameters["0.bias"][0]
by_net = net.features(signals[1600:1601])[0][0, 0]
print(f"\nA Conv1d layer is a convolution: largest difference {np.abs(by_hand - by_net).max():.0e}")

fp.plots.save(fp.plots.signal(signals[1600, 0], net.layer_kernel(0)[0, 0]), out / "filtered.png")
fp.plots.save(fp.plots.volumes(net), out / "signal-network.png")
print(f"Figures: {out}/filtered.png, signal-network.png")
