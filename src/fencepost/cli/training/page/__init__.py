"""The report of a training as one HTML file, which can be sent: it needs nothing but itself."""
