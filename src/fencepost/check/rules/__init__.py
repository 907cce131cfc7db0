"""The rules: each yields the findings of one or a few codes; `engine` runs them all."""
