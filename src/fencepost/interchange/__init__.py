"""Models of others, read into a graph: ONNX files, PyTorch modules."""
