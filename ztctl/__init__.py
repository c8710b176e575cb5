"""ztctl: SSH behind Cloudflare Access, from one YAML file."""

__version__ = "0.1.0"
