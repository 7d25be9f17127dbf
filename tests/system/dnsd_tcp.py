"""TCP clients for dnsd_tcp.sh, the well behaved and the others.

dnsd_tcp.py PORT CHECK [NUMBER]: makes the check against 127.0.0.1 and prints what came out. The
server has 2.0.0.127.dnsbl.test, and 1.2.0.192.dnsbl.test with a long TXT reply.
"""

import select
import socket
import struct
import sys
import time

HOST = "127.0.0.1"
SMALL = ("2.0.0.127.dnsbl.test", 1)
LARGE = ("1.2.0.192.dnsbl.test", 16)
STUCK = 200  # connections of each kind
WAIT_S = 5


def query(name, qtype, ident=1):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    return struct.pack(">6H", ident, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", qtype, 1)


def frame(message):
    return struct.pack(">H", len(message)) + message


def connect(port, source="127.0.0.1"):
    return socket.create_connection((HOST, port), WAIT_S, (source, 0))


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            return None
        data += part
    return data


def read_reply(sock):
    """The next message; None at the end."""
    length = read_exactly(sock, 2)
    return read_exactly(sock, struct.unpack(">H", length)[0]) if length else None


def is_reply(message, ident=1):
    return message is not None and len(message) >= 12 and message[:3] == struct.pack(
        ">H", ident) + bytes([message[2] | 0x80])


def is_served(sock, ident=1):
    try:
        sock.sendall(frame(query(*SMALL, ident)))
        return is_reply(read_reply(sock), ident)
    except OSError:
        return False


def is_closed(sock):
    """Has the server ended it? Looks, and does not wait."""
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(WAIT_S)


# --- one connection --------------------------------------------------------------


def pipeline(port, count):
    """Many queries before the first reply is read; prints replies, and those in order."""
    with connect(port) as sock:
        sock.sendall(b"".join(frame(query(*SMALL, i)) for i in range(count)))
        replies = [read_reply(sock) for _ in range(count)]
    good = sum(is_reply(r, i) for i, r in enumerate(replies))
    return f"{good} of {count}"


def unread(port, count):
    """More than all buffers hold, sent while nothing is read; then all of it is read."""
    with connect(port) as sock:
        data = b"".join(frame(query(*LARGE, i)) for i in range(count))
        sock.setblocking(False)
        end = time.monotonic() + 1
        while data and time.monotonic() < end:
            try:
                data = data[sock.send(data):]
            except BlockingIOError:
                time.sleep(0.01)
        good = 0
        pending = b""
        while good < count:
            if not select.select([sock], [sock] if data else [], [], WAIT_S)[0] and not data:
                break
            try:
                data = data[sock.send(data):] if data else data
            except BlockingIOError:
                pass
            try:
                part = sock.recv(1 << 16)
            except BlockingIOError:
                continue
            if not part:
                break
            pending += part
            while len(pending) >= 2 and len(pending) >= 2 + struct.unpack(">H", pending[:2])[0]:
                size = 2 + struct.unpack(">H", pending[:2])[0]
                good += is_reply(pending[2:size], good)
                pending = pending[size:]
    return f"{good} of {count}"


def half_close(port, count):
    """No more queries, but replies are wanted; then the server ends it, too."""
    with connect(port) as sock:
        sock.sendall(b"".join(frame(query(*SMALL, i)) for i in range(count)))
        sock.shutdown(socket.SHUT_WR)
        good = sum(is_reply(read_reply(sock), i) for i in range(count))
        return f"{good} of {count}, {'end' if sock.recv(1) == b'' else 'more'}"


def cut(port, _):
    """A query cut at every octet, then the end: no reply, and the connection ends."""
    whole = frame(query(*SMALL))
    bad = []
    for size in range(len(whole)):
        with connect(port) as sock:
            sock.sendall(whole[:size])
            sock.shutdown(socket.SHUT_WR)
            if sock.recv(1) != b"":
                bad.append(size)
        with connect(port) as sock:
            sock.sendall(whole + whole[:size])
            reset(sock)
    return f"{len(whole)} cuts, wrong: {bad}"


def slowly(port, _):
    """A query octet by octet."""
    with connect(port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in frame(query(*SMALL)):
            sock.sendall(bytes([octet]))
            time.sleep(0.002)
        return "served" if is_reply(read_reply(sock)) else "not served"


def length(port, size):
    """A message of any length: its reply, and whether the next query has one."""
    message = query(*SMALL, 7)[:size]
    message += bytes(size - len(message))
    if size >= 12:
        message = message[:11] + b"\1" + message[12:]  # ARCOUNT: zeros are no record
    with connect(port) as sock:
        sock.sendall(frame(message) + frame(query(*SMALL, 8)))
        first = read_reply(sock)
        if is_reply(first, 8):
            return "none, served"
        after = is_reply(read_reply(sock), 8)
        return f"{first[3] & 15 if first else 'end'}, {'served' if after else 'not served'}"


def large(port, least):
    """A long reply: longer than asked for, with as many records as its header says?"""
    with connect(port) as sock:
        sock.sendall(frame(query(*LARGE)))
        reply = read_reply(sock)
    at = len(query(*LARGE))
    answers = struct.unpack(">H", reply[6:8])[0]
    for _ in range(answers):
        at += 12 + struct.unpack(">H", reply[at + 10:at + 12])[0]
    whole = at == len(reply) and not reply[2] & 2
    return f"{'whole' if whole else 'cut'}, {'long' if len(reply) > least else len(reply)}"


# --- many connections ----------------------------------------------------------------


def client_limit(port, limit):
    """One client opens more than it may: its oldest go, all others are served."""
    other = connect(port, "127.0.0.8")
    mine = []
    for _ in range(limit + 3):
        mine.append(connect(port, "127.0.0.9"))
        time.sleep(0.01)
    time.sleep(0.2)
    closed = [i for i, sock in enumerate(mine) if is_closed(sock)]
    served = sum(is_served(sock) for i, sock in enumerate(mine) if i not in closed)
    return f"closed {closed}, served {served}, other {'served' if is_served(other) else 'closed'}"


class Siege:
    """Connections that do nothing, drip, or never read."""

    def __init__(self, port):
        self.port = port
        self.stuck = []
        for i in range(3 * STUCK):
            sock = connect(port, f"127.1.{i // 200}.{1 + i % 200}")
            sock.setblocking(False)
            self.stuck.append([sock, i // STUCK, time.monotonic(), 0])
        self.lasted_s = 0

    def step(self):
        """Drip and send; forget what has ended."""
        left = []
        for entry in self.stuck:
            sock, kind, began, dripped = entry
            try:
                if kind == 1 and time.monotonic() - began >= 2 * dripped:
                    sock.send(frame(query(*SMALL))[dripped:dripped + 1])
                    entry[3] += 1
                if kind == 2:
                    sock.send(frame(query(*LARGE)) * 20)
                elif sock.recv(1) == b"":
                    raise ConnectionResetError
            except BlockingIOError:
                pass
            except OSError:
                self.lasted_s = max(self.lasted_s, time.monotonic() - began)
                sock.close()
                continue
            left.append(entry)
        self.stuck = left


def ask_udp(port, result):
    """Ten queries, each waited for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.connect((HOST, port))
        for ident in range(10):
            began = time.monotonic()
            sock.send(query(*SMALL, ident))
            try:
                good = is_reply(sock.recv(4096), ident)
            except OSError:
                good = False
            result["lost"] += not good
            result["slowest"] = max(result["slowest"], time.monotonic() - began)


def siege(port, most_s):
    """Prints what other clients see of it, and whether each has an end in time."""
    attack = Siege(port)
    result = {"lost": 0, "slowest": 0.0}
    refused, rounds, slowest_tcp = 0, 0, 0.0
    end = time.monotonic() + most_s
    while attack.stuck and time.monotonic() < end:
        attack.step()
        ask_udp(port, result)
        began = time.monotonic()
        try:
            with connect(port) as sock:
                refused += not is_served(sock)
        except OSError:
            refused += 1
        slowest_tcp = max(slowest_tcp, time.monotonic() - began)
        rounds += 1
        time.sleep(0.05)
    print(f"{rounds} rounds, slowest reply {result['slowest']:.3f} s over UDP, "
          f"{slowest_tcp:.3f} s over TCP; stuck ones lasted {attack.lasted_s:.1f} s",
          file=sys.stderr)
    slow = result["slowest"] > 1 or slowest_tcp > 2
    return (f"UDP lost {result['lost']}, TCP refused {refused}, "
            f"{'slow' if slow else 'in time'}, still open {len(attack.stuck)}")


CHECKS = {f.__name__: f for f in (pipeline, unread, half_close, cut, slowly, length, large,
                                  client_limit, siege)}

if __name__ == "__main__":
    print(CHECKS[sys.argv[2]](int(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 0))
