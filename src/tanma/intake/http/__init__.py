"""Readings pushed over HTTP: JSON rows, JSON columns or an Arrow stream, answered when durable.

`decode` is pure and can be run again over the bodies that were kept; `service` knows tokens, limits
and answers; `rsgi` is the thin layer to the server. How to use it: docs/how-to/collect-readings.md.
"""
