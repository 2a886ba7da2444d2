"""`RList`: several results under R's names, read by attribute, by key or by R name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pyasreml.rprint.values import format_list, format_value

__all__ = ["RList"]


class RList(Mapping[str, Any]):
    """An immutable list with names, which prints as R prints a list.

    ``s["coef.random"]``, ``s["coef_random"]`` and ``s.coef_random`` are the same element: a dot of R is an underscore
    of Python. Iteration gives R's names.

    Parameters
    ----------
    items : mapping of R name to value
        In the order of R's list.
    absent : sequence of str
        Names that read as None, R's ``NULL``, without being elements.

    Examples
    --------
    >>> s = RList({"loglik": -364.883, "coef.random": None})
    >>> s.loglik, s["coef.random"] is s.coef_random
    (-364.883, True)
    """

    __slots__ = ("_absent", "_items", "_names")

    def __init__(self, items: Mapping[str, Any], absent: Iterable[str] = ()):
        self._items = dict(items)
        self._names = {name.replace(".", "_"): name for name in self._items}
        self._absent = frozenset(name.replace(".", "_") for name in absent)

    def _find(self, name: str) -> str | None:
        return name if name in self._items else self._names.get(name.replace(".", "_"))

    def __getitem__(self, name: str) -> Any:
        found = self._find(name)
        if found is not None:
            return self._items[found]
        if name.replace(".", "_") in self._absent:
            return None
        raise KeyError(self._unknown(name))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(self._unknown(name)) from None

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self._items, n=3)
        return f"no element {name!r}; there are {', '.join(near or self._items)}"

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._items, tuple(self._absent))

    def format_r(self) -> str:
        """The elements under ``$name``."""
        return format_list(self._items)

    def __repr__(self) -> str:
        return self.format_r()

    def _repr_html_(self) -> str:
        parts = []
        for name, value in self._items.items():
            shown = getattr(value, "_repr_html_", None)
            body = shown() if callable(shown) else f"<pre>{_escape(format_value(value, f'${name}'))}</pre>"
            parts.append(f"<div><strong>${_escape(name)}</strong>{body}</div>")
        return "".join(parts)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
