# A display that is nested without end.
from IPython.display import display

deep = []
for _ in range(900):
    deep = [deep]
display({"application/json": deep, "text/plain": deep}, raw=True)
