"""How far predictions are to be relied on: calibrated probabilities, and images unlike others."""
