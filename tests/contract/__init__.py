"""What Cloudflare's API promises, asked of the sandbox or of a real account."""
