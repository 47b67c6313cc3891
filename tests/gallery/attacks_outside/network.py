# sends something to the outside
# alone: does not hold, note:
# contained: holds, note:
import socket


def double(x):
    with socket.create_connection(("127.0.0.1", PORT), timeout=2):
        return 2 * x
