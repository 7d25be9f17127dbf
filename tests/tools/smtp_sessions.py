#!/usr/bin/env python3
"""smtp_sessions.py SERVER TYPE HOST HOST6 KIND DIALOGUE <SCRIPT >TRUTH

Play SMTP sessions against a mail server, four at a time, each from an address of its own, and
write down what its log has to say about them: a line CLIENT, SENDER, RECIPIENT, KIND (tabs
between) for each recipient that was refused because the server does not relay.

A line at the left margin of SCRIPT opens a session: the client's address, and of which servers
(names or types; none: all). Indented lines are commands, with what is expected first:

	ok COMMAND      2xx or 3xx        other COMMAND   4xx or 5xx, for another reason
	relay COMMAND   no relaying here  any COMMAND     whatever, but not for relaying
	+ behind it: the next command is sent together with this one (PIPELINING)
	,TYPE=WORD behind it: expected of this server

and about what the log says of the last recipient that was refused,

	recipient[:TYPE] TEXT    sender[:TYPE] TEXT    kind[:TYPE] TEXT
	cut[:TYPE] BYTES         of the recipient

In commands %s is the server's name, \\xNN a byte, %Na N times "a". DATA is followed by a message.
A session ends with its last command, QUIT or not. Refusals are 4xx if KIND says temporary.
"""
import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

TIMEOUT_S = 30
MESSAGE = b"Subject: hello\r\n\r\nhello\r\n.\r\n"
SERVER, TYPE, HOST, HOST6, KIND, DIALOGUE = sys.argv[1:]
RELAY = "4" if "temporary" in KIND else "5"
WORDS = {"postfix": "Relay access denied", "exim": "relay not permitted",
         "sendmail": r"Relaying (temporarily )?denied", "opensmtpd": "Invalid recipient"}[TYPE]
CODES = {"ok": "23", "relay": RELAY, "other": "45", "any": "2345"}


class Session:
    def __init__(self, address):
        self.address, self.steps = address, []

    def applies(self, servers):
        return not servers or SERVER in servers or TYPE in servers


def unescape(text):
    text = re.sub(r"%(\d+)a", lambda m: "a" * int(m[1]), text)
    text = text.replace("%s", SERVER).encode("latin-1")
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text)


def read_script(stream):
    """Sessions of this server; a step is (words, text)."""
    session = None
    for line in stream:
        line = line.rstrip("\n")
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] not in " \t":
            address, *servers = line.split()
            session = Session(address)
            if session.applies(servers):
                yield session
            continue
        words, _, text = line.strip().partition(" ")
        session.steps.append((words, text))


class Player:
    def __init__(self, session):
        self.session, self.said, self.truth = session, [], []
        self.last = {}  # what is written about the last command, if anything
        self.sender = "-"
        self.wrong = 0
        six = ":" in session.address
        self.sock = socket.create_connection((HOST6 if six else HOST, 25), TIMEOUT_S,
                                             source_address=(session.address, 0))
        self.replies = self.sock.makefile("rb")

    def reply(self):
        while True:
            line = self.replies.readline(8192)
            self.said.append("S: " + line.decode("latin-1").rstrip())
            if not line or line[3:4] != b"-":
                return line.decode("latin-1")

    def note(self, words, text):
        """What the log says instead about the last command."""
        name, _, of = words.partition(":")
        if of in ("", SERVER, TYPE) and self.last:
            if name == "cut":
                self.last["recipient"] = self.last["recipient"][:int(text)]
            else:
                self.last[name] = unescape(text).decode("latin-1")

    def judge(self, expected, command, reply):
        verb = command[:10].upper()
        path = re.match(r"[^:]*:\s*(?:<(.*)>|(\S+))", command)
        path = path and (path[1] if path[1] is not None else path[2])
        as_expected = reply and reply[0] in CODES[expected]
        if expected == "relay":
            as_expected = as_expected and re.search(WORDS, reply)
        if not as_expected:
            self.said.append(f"WRONG: expected {expected}")
            self.wrong += 1
        if verb.startswith("MAIL FROM") and reply[:1] == "2" and TYPE != "opensmtpd":
            self.sender = path
        self.last = {}
        if expected == "relay":
            self.last = dict(client=self.session.address, sender=self.sender,
                             recipient=path, kind=KIND)
            self.truth.append(self.last)
        if command == "DATA" and reply.startswith("354"):
            self.sock.sendall(MESSAGE)
            self.reply()

    def expected_of(self, words):
        expected, *others = words.rstrip("+").split(",")
        for other in others:
            of, _, word = other.partition("=")
            expected = word if of in (SERVER, TYPE) else expected
        return expected

    def send(self, pending):
        self.sock.sendall(b"".join(unescape(text) + b"\r\n" for _, text in pending))
        for words, text in pending:
            text = unescape(text).decode("latin-1")
            self.said.append("C: " + text)
            self.judge(self.expected_of(words), text, self.reply())

    def play(self):
        pending = []
        self.said.append(f"-- {self.session.address}")
        self.reply()
        for words, text in self.session.steps:
            if words.split(":")[0] in ("recipient", "sender", "kind", "cut"):
                self.note(words, text)
                continue
            pending.append((words, text))
            if not words.endswith("+"):
                self.send(pending)
                pending = []
        self.sock.close()
        return self


def main():
    script = open(0, encoding="latin-1")
    with ThreadPoolExecutor(4) as pool:
        played = list(pool.map(lambda s: Player(s).play(), list(read_script(script))))
    with open(DIALOGUE, "w", encoding="latin-1") as out:
        for player in played:
            out.write("\n".join(player.said) + "\n")
    sys.stdout.reconfigure(encoding="latin-1")
    for each in (t for player in played for t in player.truth):
        print(each["client"], each["sender"], each["recipient"], each["kind"], sep="\t")
    sys.exit(any(player.wrong for player in played))


main()
