# Everybody's scores.
import os

for folder, _, files in os.walk("/"):
    found = [file for file in files if file == "gradebook.db"]
    for file in found:
        print("FOUND", os.path.join(folder, file))
if os.path.exists("COURSE/gradebook.db"):
    print("FOUND", "COURSE/gradebook.db")
