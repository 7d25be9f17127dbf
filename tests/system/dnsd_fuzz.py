"""Send changed packets to a live server, over UDP and TCP, and look at each reply.

dnsd_fuzz.py PORT PID SECONDS SEED CORPUS: the server on 127.0.0.1 has 2.0.0.127.dnsbl.test. Prints
what is wrong, one line a kind of fault with an example, or nothing; what was done goes to standard
error. The same seed makes the same packets.
"""

import collections
import os
import random
import select
import socket
import struct
import sys
import time

HOST = "127.0.0.1"
BURST = 64
WAIT_S = 5
AMPLIFICATION = 3
GROWTH_KIB = 2048  # pages of buffers that are used for the first time
HEADER = 12
TYPES = (0, 1, 2, 5, 6, 10, 12, 15, 16, 28, 33, 35, 41, 43, 46, 48, 99, 249, 250, 251, 252, 253,
         254, 255, 256, 257, 32769, 65280, 65535)
CLASSES = (0, 1, 3, 4, 254, 255, 65535)
OPTIONS = (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20292, 65001, 65535)
COUNTS = (0, 1, 2, 3, 255, 256, 65535)
LABELS = (b"dnsbl", b"test", b"long", b"2", b"0", b"127", b"192", b"255", b"256", b"00", b"f",
          b"com", b"bind", b"version", b"id", b"server", b"_status", b"_codes", b"*", b"\xff", b"a" * 63)


def u16(value):
    return struct.pack(">H", value & 0xffff)


def wire_name(labels):
    return b"".join(bytes([len(x)]) + x for x in labels) + b"\0"


def question(name, qtype, qclass=1):
    return wire_name([x.encode() for x in name.split(".") if x]) + u16(qtype) + u16(qclass)


def header(ident, flags=0, counts=(1, 0, 0, 0)):
    return struct.pack(">6H", ident, flags, *counts)


SENTINEL = question("2.0.0.127.dnsbl.test", 1)
SENTINEL_RDATA = bytes([127, 0, 0, 2])


def end_of_name(packet, at):
    """Behind a name without pointers; 0 when there is none."""
    while at < len(packet) and packet[at] <= 63:
        if packet[at] == 0:
            return at + 1
        at += 1 + packet[at]
    return 0


def packet_of(data):
    """Inputs of the fuzz target have a few bytes before the packet."""
    for skip in (4, 1):
        packet = data[skip:]
        if packet[4:6] == b"\0\1" and end_of_name(packet, HEADER):
            return packet
    return data[4:]


# --- changes --------------------------------------------------------------------------
# Each takes and returns bytes; r is the source of chance.


def flip(r, p):
    at = r.randrange(len(p))
    return p[:at] + bytes([p[at] ^ 1 << r.randrange(8)]) + p[at + 1:]


def set_byte(r, p):
    at = r.randrange(len(p))
    return p[:at] + bytes([r.choice((0, 1, 12, 63, 64, 127, 128, 192, 255))]) + p[at + 1:]


def cut(r, p):
    return p[:r.randrange(len(p) + 1)]


def grow(r, p):
    return p + r.randbytes(r.choice((1, 2, 11, 40, 300, 1200)))


def repeat(r, p):
    at = r.randrange(len(p))
    return p + p[at:at + r.randrange(60)] * r.choice((1, 1, 2, 20))


def remove(r, p):
    at = r.randrange(len(p))
    return p[:at] + p[at + r.randrange(1, 20):]


def swap_counts(r, p):
    a, b = r.sample((4, 6, 8, 10), 2)
    q = bytearray(p.ljust(HEADER, b"\0"))
    q[a:a + 2], q[b:b + 2] = q[b:b + 2], q[a:a + 2]
    return bytes(q)


def set_count(r, p):
    at = r.choice((4, 6, 8, 10))
    return p[:at] + u16(r.choice(COUNTS)) + p[at + 2:]


def set_flags(r, p):
    flags = r.choice((0, 0x100, 0x8000, 0x2000, 0x2800, r.randrange(65536), 1 << r.randrange(16)))
    return p[:2] + u16(flags) + p[4:]


def new_name(r, p):
    labels = [r.choice(LABELS) for _ in range(r.choice((0, 1, 2, 3, 6, 36)))]
    end = end_of_name(p, HEADER) or len(p)
    tail = r.choice(([b"dnsbl", b"test"], [b"DnSbL", b"tEsT"], [b"long", b"test"], []))
    return p[:HEADER] + wire_name(labels + tail) + p[end:]


def point(r, p):
    """A compression pointer, to anywhere, in the place of the name or within it."""
    end = end_of_name(p, HEADER) or len(p)
    target = r.choice((0, HEADER, HEADER + 2, len(p), r.randrange(0x4000)))
    return p[:r.choice((HEADER, max(HEADER, end - 1)))] + u16(0xc000 | target) + p[end:]


def new_type(r, p):
    end = end_of_name(p, HEADER) or len(p)
    qclass = r.choice((1, 1, 1, r.choice(CLASSES)))
    return p[:end] + u16(r.choice(TYPES)) + u16(qclass) + p[end + 4:]


def option(r):
    code = r.choice(OPTIONS)
    size = r.choice((0, 1, 7, 8, 9, 15, 16, 17, 24, 32, 40, 41, 200)) if code == 10 else r.choice(
        (0, 0, 1, 4, 8, 12, 300))
    lie = r.choice((0, 0, 0, 0, 1, -1, 1000))
    return u16(code) + u16(size + lie) + r.randbytes(size)


def add_opt(r, p):
    """One more OPT, counted or not."""
    data = b"".join(option(r) for _ in range(r.choice((0, 1, 1, 2, 5, 40))))
    owner = r.choice((b"\0", b"\0", b"\0", b"\1x\0", b"\xc0\x0c"))
    length = len(data) + r.choice((0, 0, 0, 0, 1, -1, 100))
    opt = owner + u16(41) + u16(r.choice((0, 511, 512, 1232, 4096, 65535))) + struct.pack(
        ">BBH", r.choice((0, 0, 0, 1, 255)), r.choice((0, 0, 0, 1, 255)),
        r.choice((0, 0x8000, 0x4000, 0xffff))) + u16(length) + data
    p = p.ljust(HEADER, b"\0")
    count = struct.unpack(">H", p[10:12])[0] + r.choice((1, 1, 1, 1, 0, 2))
    return p[:10] + u16(count) + p[12:] + opt


def add_record(r, p):
    p = p.ljust(HEADER, b"\0")
    at = r.choice((6, 8, 10))
    count = struct.unpack(">H", p[at:at + 2])[0] + 1
    data = r.randbytes(r.choice((0, 4, 16, 500)))
    record = r.choice((b"\0", b"\xc0\x0c", wire_name([r.choice(LABELS)]))) + u16(
        r.choice(TYPES)) + u16(1) + r.randbytes(4) + u16(len(data)) + data
    return p[:at] + u16(count) + p[at + 2:] + record * r.choice((1, 1, 1, 3, 60))


CHANGES = (flip, flip, set_byte, set_byte, cut, grow, repeat, remove, swap_counts, set_count,
           set_flags, new_name, new_name, point, new_type, new_type, add_opt, add_opt, add_record)


def change(r, seeds):
    """A changed seed, small enough for a datagram."""
    packet = r.choice(seeds)
    if r.random() < 0.05:
        other = r.choice(seeds)
        packet = packet[:r.randrange(len(packet) + 1)] + other[r.randrange(len(other) + 1):]
    for _ in range(r.choice((0, 1, 1, 1, 2, 2, 3, 5, 8))):
        packet = r.choice(CHANGES)(r, packet or b"\0")
    return packet[:r.choice((9000, 9000, 9000, 1232, 512))]


# --- faults ---------------------------------------------------------------------------


class Faults:
    def __init__(self):
        self.counts = collections.Counter()
        self.examples = {}

    def add(self, kind, packet=b"", reply=b""):
        self.counts[kind] += 1
        self.examples.setdefault(kind, f"{packet[:400].hex()} -> {reply[:400].hex()}")

    def print(self):
        for kind, count in self.counts.items():
            print(f"{kind}: {count} times, first {self.examples[kind]}")


def wants_reply(packet):
    return len(packet) >= HEADER and not packet[2] & 0x80


def check_reply(faults, packet, reply):
    if not wants_reply(packet):
        faults.add("reply to what is no query", packet, reply)
    elif len(reply) < HEADER:
        faults.add("short reply", packet, reply)
    elif not reply[2] & 0x80:
        faults.add("reply without QR", packet, reply)
    elif reply[:2] != packet[:2]:
        faults.add("reply with another id", packet, reply)
    elif (reply[2] ^ packet[2]) & 0x78:
        faults.add("reply with another opcode", packet, reply)


def is_sentinel_reply(reply, ident):
    """The right answer, and nothing but it?"""
    return (reply[:2] == u16(ident) and reply[3] & 15 == 0 and reply[4:8] == b"\0\1\0\1"
            and reply[HEADER:HEADER + len(SENTINEL)] == SENTINEL
            and reply[-4:] == SENTINEL_RDATA)


# --- UDP --------------------------------------------------------------------------------


class Udp:
    """A socket and what waits for replies on it. Its queries are served in their order, so that
    the reply to the last one says that there are no more."""

    def __init__(self, port):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect((HOST, port))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sock.settimeout(WAIT_S)

    def burst(self, packets, faults):
        """Each packet gets an id of its own. Returns whether the server still answers."""
        sent = {}
        for ident, packet in enumerate(packets):
            packet = (u16(ident) + packet[2:])[:max(len(packet), 0)]
            sent[ident] = packet
            self.sock.send(packet)
        self.sock.send(header(0xffff) + SENTINEL)
        while True:
            try:
                reply = self.sock.recv(65536)
            except OSError as e:
                faults.add(f"no reply any more ({type(e).__name__})", packets[-1])
                return False
            ident = struct.unpack(">H", reply[:2].ljust(2, b"\0"))[0]
            if ident == 0xffff:
                break
            packet = sent.pop(ident, None)
            if packet is None:
                faults.add("reply that nobody wants", b"", reply)
                continue
            check_reply(faults, packet, reply)
            if len(reply) > AMPLIFICATION * len(packet):
                faults.add("amplification", packet, reply)
        if not is_sentinel_reply(reply, 0xffff):
            faults.add("wrong answer", SENTINEL, reply)
        for packet in sent.values():
            if wants_reply(packet):
                faults.add("no reply", packet)
        return True


# --- TCP --------------------------------------------------------------------------------


def read_to_end(sock):
    """Everything until the server ends it, or resets; None when it does neither."""
    data = b""
    try:
        while part := sock.recv(65536):
            data += part
    except socket.timeout:
        return None
    except OSError:
        pass
    return data


def split(data):
    """Messages of a stream, and what is left over."""
    messages, at = [], 0
    while len(data) - at >= 2:
        size = struct.unpack(">H", data[at:at + 2])[0]
        if len(data) - at - 2 < size:
            break
        messages.append(data[at + 2:at + 2 + size])
        at += 2 + size
    return messages, data[at:]


def send_cut(r, sock, data):
    piece = r.choice((1 << 20, 1 << 20, 700, 50))
    for at in range(0, len(data), piece):
        sock.sendall(data[at:at + piece])


def tcp_session(r, port, packets, faults):
    """Well framed queries, answered one by one, in their order."""
    packets = [u16(i) + p[2:] if len(p) >= 2 else p for i, p in enumerate(packets)]
    with socket.create_connection((HOST, port), WAIT_S) as sock:
        packets.append(header(0xffff) + SENTINEL)
        send_cut(r, sock, b"".join(u16(len(p)) + p for p in packets))
        sock.shutdown(socket.SHUT_WR)
        data = read_to_end(sock)
    if data is None:
        faults.add("TCP connection has no end", packets[0])
        return
    replies, rest = split(data)
    # What is too long for its buffer is answered cut: it is a reply to its beginning.
    wanted = [p for p in packets if wants_reply(p)]
    if rest or len(replies) != len(wanted):
        faults.add(f"TCP: {len(replies)} replies to {len(wanted)} queries", b"", data[-300:])
        return
    for packet, reply in zip(wanted, replies):
        check_reply(faults, packet, reply)
    if not is_sentinel_reply(replies[-1], 0xffff):
        faults.add("wrong answer over TCP", SENTINEL, replies[-1])


def tcp_mess(r, port, packets, faults):
    """Frames that lie, and clients that leave."""
    data = b"".join(u16(len(p) + r.choice((0, 0, 0, 1, -1, 60000))) + p for p in packets)
    with socket.create_connection((HOST, port), WAIT_S) as sock:
        try:
            send_cut(r, sock, data)
            if r.random() < 0.3:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            return
        replies, _ = split(read_to_end(sock) or b"")
    for reply in replies:
        if len(reply) < HEADER or not reply[2] & 0x80:
            faults.add("bad reply to a bad stream", data, reply)


# --- the run ----------------------------------------------------------------------------


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def read_seeds(directory):
    seeds = [header(1) + SENTINEL,
             header(1, 0, (1, 0, 0, 1)) + SENTINEL + b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0),
             header(1, 0, (1, 0, 0, 1)) + SENTINEL + b"\0" + struct.pack(
                 ">HHIHHH", 41, 1232, 0x8000, 12, 10, 8) + b"8 bytes.",
             header(1) + question("version.bind", 16, 3),
             header(1) + question("dnsbl.test", 255)]
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as f:
            packet = packet_of(f.read())
        if packet:
            seeds.append(packet)
    return seeds


def main():
    port, pid, seconds, seed = (int(x) for x in sys.argv[1:5])
    r = random.Random(seed)
    seeds = read_seeds(sys.argv[5])
    faults, sockets = Faults(), [Udp(port) for _ in range(8)]
    start = time.monotonic()
    before = sent = sessions = 0
    while (now := time.monotonic()) < start + seconds:
        if before == 0 and now > start + seconds / 4:
            before = rss_kib(pid)
        packets = [change(r, seeds) for _ in range(BURST)]
        try:
            if not r.choice(sockets).burst(packets, faults):
                break
            if r.random() < 0.15:
                tcp_session(r, port, packets[:r.randrange(BURST)], faults)
                tcp_mess(r, port, packets[:r.randrange(BURST)], faults)
                sessions += 2
        except OSError as e:
            faults.add(f"the server is gone ({e})", packets[-1])
            break
        sent += BURST
    try:
        after = rss_kib(pid)
        if before and after > before + GROWTH_KIB:
            faults.add(f"memory grew from {before} to {after} KiB")
        print(f"{sent} datagrams, {sessions} connections, {len(seeds)} seeds; resident {before} "
              f"KiB after a quarter of the time, {after} KiB at the end", file=sys.stderr)
    except (OSError, StopIteration):
        faults.add("the server has ended")
    faults.print()


if __name__ == "__main__":
    main()
