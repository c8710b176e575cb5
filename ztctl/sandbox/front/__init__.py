"""The sockets of the edge: what `cloudflared access` and a browser would talk to.

Nothing here is loaded unless it is used. It needs cryptography, h11 and wsproto.
"""
