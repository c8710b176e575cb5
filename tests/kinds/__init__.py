"""Promises of each kind: what it asks the API, and what it makes of the answers."""
