"""The official Python SDK against the sandbox."""
