# A server on this machine, and the world.
import socket

for family, address in (
    (socket.AF_INET, ("127.0.0.1", PORT)),
    (socket.AF_INET, ("192.0.2.1", 80)),
    (socket.AF_UNIX, "\0kischule-test-PORT"),
):
    try:
        with socket.socket(family) as client:
            client.settimeout(1)
            client.connect(address)
            print("FOUND", address)
    except OSError:
        pass
