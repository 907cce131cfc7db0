"""Any ONNX image model as a fixed feature extractor, its features cached on disk."""
