"""A graph of anyone's model made into a network: its chains, its layers, its weights."""
