"""Speed beside PyTorch and ONNX Runtime: ``python -m benchmarks``.

One module per group of cases; `harness` times, `networks` builds the same network in every system.
"""
