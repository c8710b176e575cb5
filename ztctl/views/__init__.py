"""Show plans, progress, outcomes and problems as text, JSON or Markdown.

A view only formats what it is given: it decides nothing, reads nothing and raises nothing.
"""
