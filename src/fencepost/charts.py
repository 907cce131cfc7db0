"""Curves and signals as SVG inside a page, in the colours of its style sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 420, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 26, 30
_STROKES = ("var(--blue)", "var(--red)")


def curves(title: str, series: Mapping[str, Sequence[float]], kept: int | None = None) -> str:
    """Draw values of each epoch, from 0 up; a dotted line marks the epoch that was kept."""
    count = max(map(len, series.values()))
    top = ceiling(max(max(values) for values in series.values()))
    across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(epoch: float) -> float:
        return _LEFT + across * ((epoch - 1) / (count - 1) if count > 1 else 0.5)

    def y(value: float) -> float:
        return _TOP + down * (1 - value / top)

    parts = [f'<text x="{_LEFT}" y="15" style="font-weight:600">{escape(title)}</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        height, value = y(share * top), f"{share * top:.3g}"
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height:.1f}" y2="{height:.1f}" '
            f'stroke="var(--line)"/><text x="{_LEFT - 6}" y="{height + 4:.1f}" '
            f'text-anchor="end">{value}</text>'
        )
    for epoch in sorted({1, (count + 1) // 2, count}):
        parts.append(
            f'<text x="{x(epoch):.1f}" y="{_HEIGHT - 12}" text-anchor="middle">{epoch}</text>'
        )
    if kept is not None:
        parts.append(
            f'<line x1="{x(kept):.1f}" x2="{x(kept):.1f}" y1="{_TOP}" y2="{_TOP + down}" '
            'stroke="var(--soft)" stroke-dasharray="2 4"/>'
        )
    end = float(_WIDTH - _RIGHT)
    for (name, values), stroke, dash in reversed(
        list(zip(series.items(), _STROKES, ("", "6 4"), strict=False))
    ):
        points = [(x(epoch), y(value)) for epoch, value in enumerate(values, 1)]
        parts.append(_line(points, stroke, dash))
        parts.append(
            f'<text x="{end:.0f}" y="15" text-anchor="end" style="fill:{stroke}">{name}</text>'
        )
        end -= 7.5 * len(name) + 12
    return _svg(_WIDTH, _HEIGHT, f"{title} of each epoch", parts)


def signal(values: Sequence[float]) -> str:
    """Draw one signal."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    last = max(len(values) - 1, 1)
    points = [(100 * k / last, 4 + 56 * (high - value) / span) for k, value in enumerate(values)]
    return _svg(100, 64, "signal", [_line(points, "var(--blue)", "")])


def ceiling(value: float) -> float:
    """Return the next of 1, 2, 4, 5 or 10 times a power of ten, so that quarters are short.

    >>> ceiling(0.37), ceiling(1.0), ceiling(23), ceiling(0)
    (0.4, 1.0, 40.0, 1.0)
    """
    if not value > 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 10, 20) if step * power >= value * (1 - 1e-9))


def _line(points: Sequence[tuple[float, float]], stroke: str, dash: str) -> str:
    if len(points) == 1:
        ((x, y),) = points
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{stroke}"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="2" '
        f'stroke-dasharray="{dash}" stroke-linejoin="round"/>'
    )


def _svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
