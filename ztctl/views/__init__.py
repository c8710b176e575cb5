"""Plans, progress, outcomes and problems, shown as text, JSON or Markdown.

A view shows what it is handed: it neither decides nor reads nor raises.
"""
