"""The imports of worker processes, made once in the process that they are forked from."""

import gc
import importlib

from autograder.notebooks.loading import without_slow_packages

gc.disable()  # all of it stays
with without_slow_packages():
    importlib.import_module("autograder.grading.worker")
gc.freeze()  # the collector must not touch, and so copy, what workers share
gc.enable()
