"""The operators of ONNX: what each makes of the sizes of its inputs."""
