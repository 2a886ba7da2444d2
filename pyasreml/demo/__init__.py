"""Two worked examples: ``python -m pyasreml.demo``."""
