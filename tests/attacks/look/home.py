# A home folder, keys, configuration.
import os

allowed = ALLOWED  # the interpreter's own folders may lie in a home
for place in ("/root", "/home", "/etc", "/var", "/mnt", "/srv", "/opt", "/boot", "/run", "HOMEDIR"):
    try:
        names = os.listdir(place)
    except OSError:
        continue
    for name in names:
        path = os.path.join(place, name)
        if not any(folder.startswith(path) for folder in allowed):
            print("FOUND", path)
