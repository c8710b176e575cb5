"""HTTPS front of the simulated edge, for `cloudflared access` and browsers.

Loaded only when it is used; needs cryptography, h11 and wsproto.
"""
