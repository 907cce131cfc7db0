"""The graph of any model made into a network: its chains, its layers, its weights."""
