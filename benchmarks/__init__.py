"""One runner for all timings: ``python -m benchmarks`` prints a table and writes JSON."""
