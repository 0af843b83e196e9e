"""The harness behind bench/run.py. Standard library only."""
