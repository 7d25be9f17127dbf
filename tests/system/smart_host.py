"""Accept every message on ADDR and write "PEER SENDER RECIPIENT" for each to standard error;
"-" is the null path. Stands in for the smart host of relays under test."""

import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def read_message(self):
        while self.rfile.readline().rstrip(b"\r\n") not in (b".", b""):
            pass  # headers
        text = []
        for line in self.rfile:
            if line == b".\r\n":
                return text
            text.append(line)
        return None

    def handle(self):
        sender = recipient = None
        self.say("220 smart.test")
        for line in self.rfile:
            verb, _, path = line.decode("latin-1").strip().partition(":")
            if verb == "MAIL FROM":
                sender = path[1:-1] or "-"
            elif verb == "RCPT TO":
                recipient = path[1:-1]
            elif verb == "DATA":
                self.say("354 go on")
                if self.read_message() is None:
                    return
                print(self.client_address[0], sender, recipient, file=sys.stderr, flush=True)
            self.say("221 bye" if verb == "QUIT" else "250 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server((sys.argv[1], 0), Session) as server:
    print("listening on %s:%d" % server.server_address, flush=True)
    server.serve_forever()
