"""Pictures of networks: what they look like, what they learned, and what they do to an image."""
