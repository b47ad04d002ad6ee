# A program that goes on.
import subprocess

try:
    subprocess.Popen(["sleep", "6543"], start_new_session=True)
except OSError as error:
    print(error)
