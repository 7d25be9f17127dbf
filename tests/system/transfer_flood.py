"""A secondary that asks without end: transfer_flood.py ADDRESS PORT SOURCE SECONDS

IXFR over UDP a thousand times a second, and over TCP as often as it is answered, on a new
connection each time. Prints how many were sent over UDP, and how many answered over TCP.
"""
import socket
import struct
import sys
import threading
import time


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def ixfr(number):
    question = name("bl.test") + struct.pack(">HH", 251, 1)
    soa = b"\xc0\x0c" + struct.pack(">HHIH", 6, 1, 0, 22) + b"\0\0"
    soa += struct.pack(">IIIII", 104 if number % 2 else 103, 0, 0, 0, 0)
    return struct.pack(">HHHHHH", number & 0xFFFF, 0, 1, 0, 1, 0) + question + soa


def ask_tcp(server, source, end, count):
    number = 0
    while time.monotonic() < end:
        number += 1
        packet = ixfr(number)
        try:
            with socket.create_connection(server, 2, (source, 0)) as s:
                s.sendall(struct.pack(">H", len(packet)) + packet)
                if len(s.recv(2)) == 2:
                    count[0] += 1
        except OSError:
            pass


def main():
    server = (sys.argv[1], int(sys.argv[2]))
    source = sys.argv[3]
    start = time.monotonic()
    end = start + float(sys.argv[4])
    answered = [0]
    thread = threading.Thread(target=ask_tcp, args=(server, source, end, answered))
    thread.start()
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.setblocking(False)
        while time.monotonic() < end:
            while sent < (time.monotonic() - start) * 1100:
                s.sendto(ixfr(sent), server)
                sent += 1
            try:
                while True:
                    s.recv(4096)
            except OSError:
                time.sleep(0.001)
    thread.join()
    print(sent, answered[0])


main()
