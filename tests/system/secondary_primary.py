"""secondary_primary.py - a primary that goes wrong, for secondary_faults.sh.

secondary_primary.py ADDRESS PORT ZONE KEY-NAME KEY-SECRET MODE-FILE

The mode file is read before each reply: "SERIAL FAULT [NUMBER]". Faults are none, cut (the
connection, after NUMBER bytes), nosig, badsig, late, replay (of the first signed transfer),
unsigned (the second message), back (the transfer has serial 1), garbage, outside, other
(question), endless, rcode, id, tail (records behind the end), lastsoa.
"""

import base64
import hashlib
import hmac
import select
import socket
import struct
import sys
import time

address, port, zone, key_name, secret, mode_file = sys.argv[1:7]
port = int(port)
secret = base64.b64decode(secret)
first_stream = None


def wire(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".") if x) + b"\0"


def record(name, kind, data, ttl=60):
    return wire(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def soa(serial):
    data = wire("ns." + zone) + wire("host." + zone)
    return record(zone, 6, data + struct.pack("!5I", serial, 1, 1, 3600, 60))


def message(query_id, kind, records, rcode=0, name=None):
    head = struct.pack("!6H", query_id, 0x8400 | rcode, 1, len(records), 0, 0)
    return head + wire(name or zone) + struct.pack("!HH", kind, 1) + b"".join(records)


def tsig_of(query):
    """The MAC of a signed query, or None."""
    at = query.find(wire(key_name) + struct.pack("!H", 250))
    if at < 0:
        return None
    at += len(wire(key_name)) + 10 + len(wire("hmac-sha256")) + 8
    size = struct.unpack("!H", query[at:at + 2])[0]
    return query[at + 2:at + 2 + size]


def sign(packet, before, now, is_first, key=None):
    """Returns the signed packet and its MAC (RFC 8945 section 5.3)."""
    times = struct.pack("!HIH", now >> 32, now & 0xffffffff, 300)
    covered = struct.pack("!H", len(before)) + before + packet
    if is_first:
        covered += wire(key_name) + struct.pack("!HI", 255, 0) + wire("hmac-sha256")
        covered += times + struct.pack("!HH", 0, 0)
    else:
        covered += times
    mac = hmac.new(key or secret, covered, hashlib.sha256).digest()
    data = wire("hmac-sha256") + times + struct.pack("!H", len(mac)) + mac + packet[:2] + b"\0" * 4
    row = wire(key_name) + struct.pack("!HHIH", 250, 255, 0, len(data)) + data
    count = struct.unpack("!H", packet[10:12])[0] + 1
    return packet[:10] + struct.pack("!H", count) + packet[12:] + row, mac


def transfer(query_id, kind, serial, fault):
    last = serial + 1 if fault == "lastsoa" else serial
    one = [soa(1 if fault == "back" else serial), record("1.2.0.192." + zone, 1, b"\x7f\0\0\2")]
    two = [record("1.2.0.192." + zone, 16, b"\3bad"), record("x." + zone, 1, b"\xc0\0\2\1")]
    if fault == "outside":
        two.append(record("x.other", 1, b"\x7f\0\0\2"))
    two.append(soa(1 if fault == "back" else last))
    if fault == "tail":
        two.append(record("y." + zone, 1, b"\x7f\0\0\2"))
    if fault == "rcode":
        return [message(query_id, kind, [], 5)]
    if fault == "endless":
        return [message(query_id, kind, one)] * 1
    return [message(query_id, kind, one, 0, "other.test" if fault == "other" else None),
            message(query_id + (fault == "id"), kind, two)]


def reply_stream(query, serial, fault):
    """All that is sent over TCP."""
    global first_stream
    query_id = struct.unpack("!H", query[:2])[0]
    kind = struct.unpack("!H", query[12 + len(wire(zone)):14 + len(wire(zone))])[0]
    before = tsig_of(query)
    now = int(time.time()) - (3600 if fault == "late" else 0)
    out = b""
    if fault == "garbage":
        return b"\0\x20" + bytes(range(32))
    for i, packet in enumerate(transfer(query_id, kind, serial, fault)):
        if before is not None and fault != "nosig" and not (fault == "unsigned" and i == 1):
            key = b"wrong" if fault == "badsig" and i == 1 else None
            packet, before = sign(packet, before, now, i == 0, key)
        out += struct.pack("!H", len(packet)) + packet
    if first_stream is None and fault == "none":
        first_stream = out
    if fault == "replay":
        at, fresh = 0, b""
        while at < len(first_stream):
            size = struct.unpack("!H", first_stream[at:at + 2])[0]
            fresh += first_stream[at:at + 2] + query[:2] + first_stream[at + 4:at + 2 + size]
            at += 2 + size
        return fresh
    return out


def read_mode():
    with open(mode_file, encoding="ascii") as f:
        words = f.read().split()
    return int(words[0]), words[1], int(words[2]) if len(words) > 2 else None


def serve_udp(sock):
    query, peer = sock.recvfrom(4096)
    serial, fault, _ = read_mode()
    packet = message(struct.unpack("!H", query[:2])[0], 6, [soa(serial)])
    before = tsig_of(query)
    if before is not None and fault != "udpnosig":
        packet, _ = sign(packet, before, int(time.time()), True,
                         b"wrong" if fault == "udpbadsig" else None)
    sock.sendto(packet, peer)


def serve_tcp(listener):
    sock, _ = listener.accept()
    sock.settimeout(5)
    try:
        size = struct.unpack("!H", sock.recv(2, socket.MSG_WAITALL))[0]
        query = sock.recv(size, socket.MSG_WAITALL)
        serial, fault, number = read_mode()
        stream = reply_stream(query, serial, fault)
        sock.sendall(stream[:number] if fault == "cut" else stream)
    except (OSError, struct.error):
        pass
    sock.close()


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((address, port))
tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
tcp.bind((address, port))
tcp.listen(16)
print("ready", flush=True)
while True:
    for ready in select.select([udp, tcp], [], [])[0]:
        if ready is udp:
            serve_udp(udp)
        else:
            serve_tcp(tcp)
