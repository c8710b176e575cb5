"""HTTP client of the API: sends one call; returns its result or raises a failure with a remedy.

This module loads nothing; httpx is loaded when a client is opened.
"""
