"""relay_postfix_client.py ADDRESS < QUESTIONS: what a Postfix says to each RCPT.

A question is a line "client ADDR [helo NAME] [sender MAILBOX] rcpt MAILBOX"; it is printed again
with " -> CODE" behind it. The server takes the client's address from XCLIENT.
"""

import socket
import sys


class Session:
    def __init__(self, server, client, helo):
        self.socket = socket.create_connection((server, 25), timeout=20)
        self.file = self.socket.makefile("rb")
        self.reply()
        self.say("EHLO client.example")
        kind = "IPV6:" if ":" in client else ""
        self.say(f"XCLIENT ADDR={kind}{client} NAME=[UNAVAILABLE] PROTO=ESMTP")
        self.say("EHLO " + helo)

    def reply(self):
        line = self.file.readline()
        while line[3:4] == b"-":
            line = self.file.readline()
        if not line:
            raise EOFError("the server hung up")
        return int(line[:3])

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def close(self):
        self.say("QUIT")
        self.socket.close()


def ask(session, words):
    sender = words.get("sender", "someone@stranger.example")
    session.say("RSET")
    code = session.say(f"MAIL FROM:<{'' if sender == '<>' else sender}>")
    if code // 100 == 2:
        code = session.say(f"RCPT TO:<{words['rcpt']}>")
    return code


def main():
    session, who = None, None
    for line in sys.stdin:
        question = line.rstrip("\n")
        parts = question.split(" ")
        words = dict(zip(parts[::2], parts[1::2]))
        now = (words["client"], words.get("helo", "host.stranger.example"))
        if now != who:
            if session:
                session.close()
            session, who = Session(sys.argv[1], *now), now
        print(f"{question} -> {ask(session, words)}")
    session.close()


main()
