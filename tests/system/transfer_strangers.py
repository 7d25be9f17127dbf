"""Strangers who want transfers: transfer_strangers.py ADDRESS PORT KEY SOURCE...

From each source a thousand datagrams a second, and connections as fast as they are taken, of which
some are kept open unread. What is asked is IXFR, AXFR and NOTIFY, of a zone of ours and of names
that are new each time, without a signature and with a forged one of KEY; if KEY is -, datagrams alone,
without one. SIGTERM ends it, and it prints how many seconds that was, how many datagrams were sent
and how many connections were made.
"""
import signal
import socket
import struct
import sys
import time

IXFR, AXFR, SOA = 251, 252, 6
NOTIFY = 4 << 11
PER_SECOND = 1000
KEPT = 100  # connections of each source


def wire(text):
    return b"".join(bytes([len(x)]) + x.encode() for x in text.split(".")) + b"\0"


def tsig(key):
    now = int(time.time())
    data = wire("hmac-sha256") + struct.pack("!HIHH", now >> 32, now & 0xFFFFFFFF, 300, 32)
    data += bytes(32) + struct.pack("!HHH", 1, 0, 0)
    return wire(key) + struct.pack("!HHIH", 250, 255, 0, len(data)) + data


def request(number, key):
    kind = (IXFR, AXFR, SOA)[number % 3]
    zone = "bl.test" if number % 2 else "x%d.bl.test" % number
    question = wire(zone) + struct.pack("!HH", kind, 1)
    authority = b""
    if kind == IXFR:
        authority = b"\xc0\x0c" + struct.pack("!HHIH", SOA, 1, 0, 22) + b"\0\0"
        authority += struct.pack("!5I", 1, 0, 0, 0, 0)
    more = tsig(key) if number % 4 > 1 and key != "-" else b""
    flags = NOTIFY if kind == SOA else 0
    head = struct.pack("!6H", number & 0xFFFF, flags, 1, 0, len(authority) != 0, len(more) != 0)
    return head + question + authority + more


class Stranger:
    def __init__(self, server, source, key):
        self.server, self.source, self.key = server, source, key
        self.sent = self.made = 0
        self.kept = []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((source, 0))
        self.udp.setblocking(False)

    def send(self, elapsed):
        while self.sent < elapsed * PER_SECOND:
            self.sent += 1
            try:
                self.udp.sendto(request(self.sent, self.key), self.server)
            except BlockingIOError:
                pass
        try:
            while True:
                self.udp.recv(4096)
        except OSError:
            pass

    def connect(self):
        """Every second one sends a second request, half."""
        self.made += 1
        packet = request(self.made | 1, self.key)
        packet = struct.pack("!H", len(packet)) + packet
        if self.made % 2:
            packet += packet[:9]
        try:
            s = socket.create_connection(self.server, 1, (self.source, 0))
            s.sendall(packet)
            self.kept.append(s)
        except OSError:
            pass
        if len(self.kept) > KEPT:
            self.kept.pop(0).close()


def main():
    server = (sys.argv[1], int(sys.argv[2]))
    start = time.monotonic()
    ended = []
    signal.signal(signal.SIGTERM, lambda number, frame: ended.append(number))
    strangers = [Stranger(server, source, sys.argv[3]) for source in sys.argv[4:]]
    while not ended and time.monotonic() - start < 120:
        for stranger in strangers:
            stranger.send(time.monotonic() - start)
            if stranger.key != "-":
                stranger.connect()
        time.sleep(0.001)
    print(int(time.monotonic() - start), sum(x.sent for x in strangers),
          sum(x.made for x in strangers))


main()
