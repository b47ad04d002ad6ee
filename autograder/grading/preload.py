"""The imports of worker processes, made once in the process that they are forked from."""

import importlib

from autograder.notebooks.loading import without_slow_packages

with without_slow_packages():
    importlib.import_module("autograder.grading.worker")
