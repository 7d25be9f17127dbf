"""Start a daemon as systemd does: with sockets that are bound already, and a socket to tell by.

activation.py ADDR PORT SOCKETS MESSAGES COMMAND...

Binds SOCKETS UDP and as many TCP sockets to ADDR and PORT, and runs COMMAND with them. What it tells
goes to the file MESSAGES, a line each, after the line "pid N". Ends as COMMAND does.
"""
import os
import socket
import sys

address, port, count, messages = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
command = sys.argv[5:]
FIRST = 3


def bind(kind):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if ":" in address:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int("mapped" not in os.environ))
    s.bind((address, port))
    if kind == socket.SOCK_STREAM:
        s.listen()
    return s


def run(sockets):
    high = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(sockets)]
    for i, fd in enumerate(high):
        os.dup2(fd, FIRST + i, inheritable=True)
    os.closerange(FIRST + len(high), 200)
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = str(len(high))
    os.execv(command[0], command)


told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = "\0orbl-test-%d" % os.getpid()
told.bind(name)
told.settimeout(0.1)
os.environ["NOTIFY_SOCKET"] = "@" + name[1:]
bound = [bind(kind) for _ in range(count) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
pid = os.fork()
if pid == 0:
    run(bound)
for s in bound:
    s.close()
with open(messages, "w", buffering=1) as out:
    print("pid", pid, file=out)
    ended = 0
    while True:
        try:
            print(told.recv(4096).decode().replace("\n", " "), file=out)
            continue
        except socket.timeout:
            pass
        if ended:
            break
        ended, status = os.waitpid(pid, os.WNOHANG)
sys.exit(os.waitstatus_to_exitcode(status))
