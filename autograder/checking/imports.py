"""Missing imports: the name that an error is about, and the statement that it needs."""

import re
import sys

# names that are usually imported from a module, or under another name
IMPORT_LINES = {
    **{
        name: f"from collections import {name}"
        for name in ("Counter", "OrderedDict", "defaultdict", "deque", "namedtuple")
    },
    **{name: f"from itertools import {name}" for name in ("accumulate", "chain", "islice")},
    **{name: f"from functools import {name}" for name in ("lru_cache", "partial", "reduce")},
    **{name: f"from math import {name}" for name in ("ceil", "exp", "floor", "inf", "isclose")},
    **{name: f"from math import {name}" for name in ("isnan", "log", "nan", "sqrt")},
    **{name: f"from torch import {name}" for name in ("Tensor", "nn")},
    **{name: f"import {name}" for name in ("matplotlib", "numpy", "torch", "transformers")},
    "F": "import torch.nn.functional as F",
    "Path": "from pathlib import Path",
    "deepcopy": "from copy import deepcopy",
    "np": "import numpy as np",
    "plt": "import matplotlib.pyplot as plt",
    "tqdm": "from tqdm import tqdm",
}


def import_line(name: str) -> str:
    """The import statement of a well-known module, alias or function; "" for any other name."""
    known = f"import {name}" if name in sys.stdlib_module_names else ""
    return IMPORT_LINES.get(name, known)


def missing_name(error: str) -> str:
    """The name that a NameError is about, from Python's own text; "" for another error."""
    found = re.search(r"NameError: name '(\w+)' is not defined", error)
    return found[1] if found else ""
