"""What the models say about their fields: the docstrings that stand below them.

Read from the source when a schema or a page is made, and not when the models are: parsing the
source of every model would cost each command a third of its start.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_args

from pydantic import BaseModel


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """Field name to description, for the fields that have one."""
    (made,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    body = made.body if isinstance(made, ast.ClassDef) else []
    told: dict[str, str] = {}
    for field, text in pairwise(body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                told[name] = " ".join(words.split())
    return told


def models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model and every model inside it, each once."""
    found: dict[type[BaseModel], None] = {}
    waiting = [model]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = None
            for field in one.model_fields.values():
                waiting += _inside(field.annotation)
    return iter(found)


def _inside(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _inside(part)]
