"""`python -m autograder.cli`: the `kischule` command, where its script is not installed."""

import sys

from autograder.cli.command import main

sys.exit(main())
