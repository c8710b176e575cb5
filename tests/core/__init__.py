"""Promises of the pure core: identity, comparison, order, plans."""
