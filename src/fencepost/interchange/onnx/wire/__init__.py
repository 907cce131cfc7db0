"""The bytes of an ONNX file: Protocol Buffers, the messages of ONNX, its tensors."""
