# The student's own modules in the work folder and beside the course.
for folder in (".", "COURSE", "COURSE/autograded/attack/small", "/tmp"):
    for name in ("json", "secrets", "kischule"):
        try:
            with open(f"{folder}/{name}.py", "w") as file:
                file.write("raise SystemExit\n")
        except OSError as error:
            print(error)
