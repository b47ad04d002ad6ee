"""The `kischule` command."""

from autograder.cli.command import main

__all__ = ["main"]
