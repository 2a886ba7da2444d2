"""What pyproject.toml cannot say: the packages (``grammar/`` lies at the top of the checkout) and the compiled part."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["pyasreml", "pyasreml.*"]), "pyasreml.grammar"])
