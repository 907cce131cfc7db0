"""Networks in 8-bit integers: how values are measured, and written."""
