"""HTTP and nothing else: one call in, its result or a failure with a remedy out.

This module loads nothing; httpx is loaded when a client is opened.
"""
