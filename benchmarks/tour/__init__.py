"""The tour in Chromium, alone and beside TensorFlow.js."""
