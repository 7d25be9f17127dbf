#!/usr/bin/env python3
"""transfer_refused.py ADDRESS PORT NAME SOURCE - asks AXFR, A and A of a name on one connection.

Prints for each the RCODE of the reply, or none.
"""

import socket
import struct
import sys


def ask(connection, name, kind):
    wire = b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0"
    query = struct.pack("!6H", kind, 0, 1, 0, 0, 0) + wire + struct.pack("!2H", kind, 1)
    connection.sendall(struct.pack("!H", len(query)) + query)
    reply = connection.recv(4096)
    return str(reply[5] & 15) if len(reply) > 14 else "none"


def main():
    address, port, name, source = sys.argv[1:5]
    connection = socket.create_connection((address, int(port)), 5, (source, 0))
    connection.settimeout(5)
    said = []
    for kind in (252, 1, 1):
        try:
            said.append(ask(connection, name, kind))
        except OSError:
            said.append("none")
    print(*said)


main()
