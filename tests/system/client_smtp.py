"""client_smtp.py SERVER SOURCE RECIPIENT: a client at SOURCE, and the reply to its RCPT, or to what
was refused before that, as one line."""

import socket
import sys


def reply(file):
    lines = []
    while True:
        line = file.readline().decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            return "closed"
        lines.append(line[4:])
        if line[3:4] != "-":
            return line[:4] + " ".join(lines)


def main(server, source, recipient):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family) as s:
        s.settimeout(30)
        s.bind((source, 0))
        s.connect((server, 25))
        file = s.makefile("rb")
        said = reply(file)
        for line in ("EHLO client.example", f"MAIL FROM:<{recipient}>", f"RCPT TO:<{recipient}>"):
            if said[:1] != "2":
                break
            s.sendall(line.encode() + b"\r\n")
            said = reply(file)
        print(said)
        s.sendall(b"QUIT\r\n")
        reply(file)


main(*sys.argv[1:])
