"""Speed and quality beside peers and truth; every module runs as `python -m benchmarks.NAME`."""
