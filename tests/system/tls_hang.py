#!/usr/bin/env python3
"""tls_hang.py ADDRESS PORT FROM FROM COUNT - connections that begin a TLS handshake, of each form in
turn, and do not go on; waits until the server has closed all of them."""

import select
import socket
import struct
import sys
import time

HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(32)) + b"\x20" + bytes(range(32))
FORMS = (b"", HELLO[:1], HELLO[:5], HELLO, struct.pack("!BHH", 22, 0x0301, 16000) + b"\1")


def main():
    address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[5])
    hanging = []
    for i in range(count):
        s = socket.create_connection((address, port), 5, (sys.argv[3 + i % 2], 0))
        s.sendall(FORMS[i % len(FORMS)])
        hanging.append(s)
    print("hanging", flush=True)
    end = time.monotonic() + 30
    while hanging and time.monotonic() < end:
        for s in select.select(hanging, [], [], 1)[0]:
            try:
                if s.recv(4096):
                    continue
            except OSError:
                pass
            hanging.remove(s)
    print("all closed" if not hanging else f"{len(hanging)} are still open", flush=True)


main()
