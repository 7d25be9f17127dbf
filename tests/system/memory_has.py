#!/usr/bin/env python3
"""memory_has.py PID BASE64 - is a secret in what a process can write to, as bytes or as text?"""

import base64
import sys


def regions(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            where, rights = line.split()[:2]
            if rights.startswith("rw"):
                start, end = (int(x, 16) for x in where.split("-"))
                yield start, end - start


def main():
    pid, secret = sys.argv[1], sys.argv[2].encode()
    wanted = (secret, base64.b64decode(secret))
    found = False
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, size in regions(pid):
            if size > 1 << 28:
                continue  # reserved, and hardly used
            try:
                memory.seek(start)
                part = memory.read(size)
            except OSError:
                continue
            found = found or any(w in part for w in wanted)
    print("yes" if found else "no")


main()
