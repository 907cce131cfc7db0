"""Networks of our own, written as ONNX files: `fencepost.interchange.onnx.writer.export`."""
