"""Documented asreml-R outputs as R text and printed strings, and the runner that compares them with pyasreml.

``python -m compat_cases`` runs every case; see `compat_cases.__main__`.
"""
