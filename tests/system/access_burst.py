#!/usr/bin/env python3
"""access_burst.py PORT CLIENT - asks 60 questions at once; prints answered, truncated, silent."""
import socket, struct, sys
port, client = int(sys.argv[1]), sys.argv[2]
name = b''.join(bytes([len(l)]) + l.encode() for l in '99.2.0.192.dnsbl.test'.split('.')) + b'\0'
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((client, 0))
s.settimeout(1)
for i in range(60):
    s.sendto(struct.pack('>HHHHHH', i, 0, 1, 0, 0, 0) + name + struct.pack('>HH', 1, 1),
             ('127.0.0.1', port))
answered = truncated = 0
try:
    while answered + truncated < 60:
        reply = s.recv(512)
        if reply[2] & 2:
            truncated += 1
            assert reply[6:10] == bytes(4)
        else:
            answered += 1
except socket.timeout:
    pass
print(answered, truncated, 60 - answered - truncated)
