# A picture's type, and something else in it.
from IPython.display import display

display({"image/png": '"><script>alert(1)</script>', "text/plain": "x"}, raw=True)
display({"image/jpeg": "PHNjcmlwdD4=", "text/plain": "x"}, raw=True)
