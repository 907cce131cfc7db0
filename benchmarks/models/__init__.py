"""Models of others: sizes that `check` states, and networks that are imported, beside what runs."""
