"""ONNX files: read in place, without their weights."""
