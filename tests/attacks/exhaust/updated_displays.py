# expect: any
# Displays that are small, and large when they are updated.
from IPython.display import display

shown = [display("x", display_id=True) for _ in range(100)]
for handle in shown:
    handle.update({"text/plain": "x" * 5_000_000}, raw=True)
