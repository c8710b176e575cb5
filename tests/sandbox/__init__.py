"""The sandbox, through its own requests, through httpx, and over a loopback port."""
