# Hidden cases from a known seed.
import os

os.environ["KISCHULE_SEED"] = "0123456789abcdef0123456789abcdef"
import secrets

secrets.token_hex = lambda *_: "0123456789abcdef0123456789abcdef"
