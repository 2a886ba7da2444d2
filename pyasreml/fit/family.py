"""Families of the response: the Gaussian, with its dispersion estimated or fixed."""

from __future__ import annotations

from dataclasses import dataclass

from pyasreml.errors import AsremlError, UnsupportedError


@dataclass(frozen=True)
class Family:
    """A response's distribution and link.

    Attributes
    ----------
    name : str
    link : str
    dispersion : float or None
        None: the residual variance is estimated.
    """

    name: str
    link: str
    dispersion: float | None


def asr_gaussian(link: str = "identity", dispersion: float | None = None) -> Family:
    """The Gaussian family.

    Parameters
    ----------
    link : {"identity"}
        Other links make a generalised model, which this version does not have.
    dispersion : float, optional
        A known residual variance: the fit is then on the sigma scale with ``units!R`` fixed.

    Examples
    --------
    >>> asr_gaussian(dispersion=1).dispersion
    1.0
    """
    if link != "identity":
        raise UnsupportedError(f'asr_gaussian(link = "{link}")')
    if dispersion is None or dispersion != dispersion:
        return Family("asr_gaussian", link, None)
    if not float(dispersion) > 0:
        raise AsremlError(f"asr_gaussian(dispersion = {dispersion!r}): a positive number is needed")
    return Family("asr_gaussian", link, float(dispersion))
