"""The command line: composition root; all exit codes, prompts and environment variables."""
