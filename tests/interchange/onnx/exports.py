"""PyTorch's exports to ONNX, for the tests: made in memory, with weights that are all different."""

import io
import warnings

import torch


def scattered(network):
    """Give every parameter other numbers: the exporter stores equal arrays once."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) + 0.1)
    return network


def export(network, image, **options):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, image, file, dynamo=False, **options)
    return file.getvalue()


class Shaped(torch.nn.Module):
    """Sizes are computed while it runs, as exporters write them into the graph."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.scale = torch.nn.Parameter(torch.rand(8, 1, 1))
        self.project = torch.nn.Linear(8, 12, bias=False)
        self.shift = torch.nn.Parameter(torch.rand(12))

    def forward(self, x):
        x = self.conv(x) * self.scale * 0.5
        n, c, h, w = x.shape
        x = x.view(n, c // 4, 4, h, w).transpose(1, 2).reshape(n, -1, h, w)
        x = torch.nn.functional.interpolate(x, size=(h * 2, w * 3))
        x = torch.nn.functional.pad(x, (1, 2, 3, 0))[:, :, ::2, 1:-1]
        x = self.project(x.flatten(2).permute(0, 2, 1)) + self.shift
        left, right = x.chunk(2, dim=-1)
        return torch.cat([left, right.softmax(-1)], 1).mean(1)
