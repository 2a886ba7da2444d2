"""What R shows: values at the prompt, ``print``, ``cat``, ``capture.output``."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout

import numpy as np
import pandas as pd

from pyasreml.errors import UnsupportedError
from pyasreml.r import registry
from pyasreml.r.coercion import flag, strings, text, whole
from pyasreml.r.conditions import RError
from pyasreml.r.convert import column_to_python, elements
from pyasreml.r.environment import Environment
from pyasreml.r.evaluator import Evaluator
from pyasreml.r.registry import builtin, special
from pyasreml.r.values import Arg, Closure, Language, ListValue, Value, Vector, character, is_factor, text_array
from pyasreml.rprint import format_factor, format_frame, format_matrix, format_value, format_vector
from pyasreml.syntax import deparse, name_text, string_text
from pyasreml.syntax.nodes import Call, Function

__all__ = ["deparse_value", "shown"]


def shown(value: Value, prefix: str = "", digits: int = 7, quote: bool = True) -> str:
    """The lines that R prints for a value."""
    if value is None:
        return "NULL"
    if isinstance(value, Vector):
        return _vector(value, digits, quote)
    if isinstance(value, ListValue):
        stored = value.attributes.get("text")
        return stored if isinstance(stored, str) else _list(value, prefix, digits)
    if isinstance(value, Language):
        return deparse(value.node)
    if isinstance(value, Closure):
        return deparse(Function(value.parameters, value.body))
    if isinstance(value, registry.Function):
        return f"function ({', '.join((*value.before, *(['...'] if value.dots else []), *value.after))}) …"
    if isinstance(value, pd.DataFrame) and not callable(getattr(value, "format_r", None)):
        return format_frame(value, digits=digits)
    return format_value(value, prefix, digits=digits)


def _list(value: ListValue, prefix: str, digits: int) -> str:
    if not value.items:
        return "list()" if value.names is None else "named list()"
    names = value.names or [""] * len(value)
    parts = []
    for i, (name, item) in enumerate(zip(names, value.items, strict=True)):
        head = f"{prefix}${name_text(name)}" if name else f"{prefix}[[{i + 1}]]"
        parts.append(f"{head}\n{shown(item, head, digits)}\n")
    return "\n".join(parts)


def _vector(value: Vector, digits: int, quote: bool) -> str:
    if is_factor(value):
        return format_factor(column_to_python(value))
    if len(value) == 0 and value.dim is None:
        kind = "numeric" if value.kind == "double" else value.kind
        return f"{kind}(0)" if value.names is None else f"named {kind}(0)"
    data = elements(value)
    if value.dim is not None:
        rows, columns = value.dimnames
        array = data.reshape(value.dim, order="F")
        names = (None if part is None else [str(item) for item in part] for part in (rows, columns))
        text_ = format_matrix(array, *names, digits=digits, quote=quote)
    else:
        heads = None if value.names is None else ["<NA>" if n is None else str(n) for n in value.names]
        text_ = format_vector(data, heads, digits=digits, quote=quote)
    hidden = ("names", "dim", "dimnames", "levels", "class")
    for name, attribute in value.attributes.items():
        if name not in hidden:
            text_ += f'\nattr(,"{name}")\n{shown(attribute, digits=digits)}'
    return text_


def deparse_value(value: Value) -> str:
    """R text that gives a value."""
    if isinstance(value, Language):
        return deparse(value.node)
    if value is None:
        return "NULL"
    if isinstance(value, Vector):
        cells = [
            "NA"
            if t is None
            else string_text(t)
            if value.kind == "character"
            else f"{t}L"
            if value.kind == "integer"
            else t
            for t in text_array(Vector(value.data, value.kind))
        ]
        if value.names is not None:
            cells = [f"{name_text(str(n))} = {cell}" for n, cell in zip(value.names, cells, strict=True)]
        return cells[0] if len(cells) == 1 and value.names is None else f"c({', '.join(cells)})"
    if isinstance(value, ListValue):
        names = value.names or [""] * len(value)
        cells = [
            (f"{name_text(n)} = " if n else "") + deparse_value(v) for n, v in zip(names, value.items, strict=True)
        ]
        return f"list({', '.join(cells)})"
    if isinstance(value, Closure):
        return deparse(Function(value.parameters, value.body))
    raise RError(f"a {type(value).__name__} has no R text")


@builtin("print", invisible=True)
def print_(x: Value, digits: Value = None, quote: Value = True, *dots: Arg) -> Value:
    """Show a value."""
    if dots:
        raise UnsupportedError(f"print({dots[0].name or ''}=)")
    sys.stdout.write(shown(x, digits=7 if digits is None else whole(digits), quote=flag(quote)) + "\n")
    return x


@builtin("cat", invisible=True)
def cat(*dots: Arg, sep: Value = None, fill: Value = None) -> Value:
    """Texts and numbers in a row."""
    between = " " if sep is None else text(sep)
    cells: list[str] = []
    for arg in dots:
        if arg.value is None:
            continue
        if isinstance(arg.value, Vector):
            cells += _cells(arg.value)
        else:
            cells += [str(item) for item in strings(arg.value)]
    line = ""
    for i, cell in enumerate(cells):
        line += cell + (between if i + 1 < len(cells) and not (between == " " and cell.endswith("\n")) else "")
    sys.stdout.write(line + ("\n" if flag(fill) else ""))
    return None


def _cells(vector: Vector) -> list[str]:
    if vector.kind == "double":
        return [format_vector(np.array([item]))[4:].strip() for item in vector.data]
    if is_factor(vector):
        return ["NA" if item != item else str(int(item)) for item in vector.data]
    return ["NA" if item is None else str(item) for item in text_array(vector)]


@special("capture.output")
def capture_output(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """The lines that expressions print, their visible values among them."""
    stream = io.StringIO()
    with redirect_stdout(stream):
        for argument in node.arguments:
            if argument.name is not None:
                raise evaluator.unsupported(f"capture.output({argument.name}=)", argument)
            if argument.value is None:
                continue
            evaluator.visible = True
            value = evaluator.eval(argument.value, env)
            if evaluator.visible:
                stream.write(shown(value) + "\n")
    evaluator.visible = True
    return character(stream.getvalue().removesuffix("\n").split("\n") if stream.getvalue() else [])


@builtin("writeLines", invisible=True)
def write_lines(text: Value, sep: Value = None) -> Value:
    """Texts, a line each."""
    end = "\n" if sep is None else str(strings(sep)[0])
    sys.stdout.write("".join(f"{line}{end}" for line in strings(text)))
    return None
