# expect: seen
# Everybody's scores.
import os

for folder, names, files in os.walk("/"):
    names[:] = [n for n in names if n not in ("proc", "site-packages", "lib-dynload", "share")]
    if "gradebook.db" in files:
        print("FOUND", folder)
if os.path.exists("COURSE/gradebook.db"):
    print("SEEN", "COURSE/gradebook.db")
try:
    print("FOUND", open("COURSE/gradebook.db", "rb").read(9))
except OSError as error:
    print(error)
