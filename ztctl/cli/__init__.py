"""The command line: wires everything; the only place with exit codes, prompts, environment."""
