"""Read the descriptions of pydantic fields from the attribute docstrings below them.

It happens when a schema or a reference page is made, and not when the models are defined: parsing
the source of every model would cost each command a third of its start-up.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise

from pydantic import BaseModel

from ztctl.documents.problems import models_within


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """Map field names to attribute docstrings, as single lines; fields without one are left out."""
    bases = reversed(model.__mro__[: model.__mro__.index(BaseModel)])
    return {name: text for base in bases for name, text in _docs_in(base).items()}


def _docs_in(model: type[BaseModel]) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    docs: dict[str, str] = {}
    for field, following in pairwise(body):
        match field, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = " ".join(text.split())
    return docs


def models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Collect a model and every model nested in its field types, each once."""
    models: dict[type[BaseModel], None] = {}
    waiting = [model]
    while waiting:
        current = waiting.pop()
        if current not in models:
            models[current] = None
            for field in current.model_fields.values():
                waiting += models_within(field.annotation)
    return iter(models)
