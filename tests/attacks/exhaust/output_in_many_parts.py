# Pictures without end.
from IPython.display import display

for number in range(3000):
    display({"image/png": "x" * 10_000}, raw=True)
