#!/usr/bin/env python3
"""smtp_play.py HOST[:PORT] [SERVER] <SCRIPT - play SMTP sessions, each as another client.

A line at the left margin opens a session: SERVER ADDRESS [NAME]. The server is told by
XCLIENT (Postfix) that the client is ADDRESS, with the verified host name NAME. Indented lines
are sent as they are, one reply is read after each; DATA is followed by a small message. With
SERVER given only its sessions are played. '#' starts a comment line. The dialogue goes to
standard output.
"""
import socket
import sys

TIMEOUT_S = 20
MESSAGE = b"Subject: hello\r\n\r\nhello\r\n.\r\n"


class Client:
    def __init__(self, host, port):
        self.sock = socket.create_connection((host, port), TIMEOUT_S)
        self.replies = self.sock.makefile("rb")
        self.reply()

    def reply(self):
        while True:
            line = self.replies.readline(4096)
            if not line:
                return b""
            print("S:", line.decode("ascii", "replace").rstrip())
            if line[3:4] != b"-":
                return line

    def command(self, text):
        print("C:", text)
        self.sock.sendall(text.encode("utf-8", "surrogateescape") + b"\r\n")
        return self.reply()

    def become(self, address, name):
        address = "IPV6:" + address if ":" in address else address
        name = name or "[UNAVAILABLE]"
        self.command("EHLO player.invalid")
        reply = self.command(f"XCLIENT ADDR={address} NAME={name} PORT=40000")
        if not reply.startswith(b"220"):
            sys.exit(f"smtp_play: XCLIENT refused: {reply!r}")

    def play(self, lines):
        for line in lines:
            reply = self.command(line)
            if line == "DATA" and reply.startswith(b"354"):
                self.sock.sendall(MESSAGE)
                self.reply()
        self.sock.close()


def sessions(stream):
    current = None
    for line in stream:
        line = line.rstrip("\n")
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] in " \t":
            current[1].append(line.strip())
            continue
        if current:
            yield current
        current = (line.split(), [])
    if current:
        yield current


def main():
    host, _, port = sys.argv[1].partition(":")
    wanted = sys.argv[2] if len(sys.argv) > 2 else None
    script = open(0, encoding="utf-8", errors="surrogateescape")
    for (server, address, *name), lines in sessions(script):
        if wanted not in (None, server):
            continue
        print(f"-- {server} {address}")
        client = Client(host, int(port or 25))
        client.become(address, name[0] if name else None)
        client.play(lines)


main()
