"""The SSH half: keys, what a server needs, what a client needs."""
