"""Write journal entries in export form, as systemd-journal-remote takes them.

    journal_export.py FIRST COUNT    entries FIRST to FIRST + COUNT - 1 of an endless list
"""
import struct
import sys

DENIED = (b'NOQUEUE: reject: RCPT from unknown[198.51.100.%d]: 554 5.7.1 <a@nine.example>: Relay access'
          b' denied; from=<%s> to=<a@nine.example> proto=ESMTP helo=<client.example>')
BOOT = b'0123456789abcdef0123456789abcdef'


def field(name, value):
    if all(32 <= c < 127 for c in value):
        return name + b'=' + value + b'\n'
    return name + b'\n' + struct.pack('<Q', len(value)) + value + b'\n'


def entry(i, message, facility=b'2', identifier=b'postfix/smtpd', unit=b'postfix@-.service'):
    fields = [(b'__REALTIME_TIMESTAMP', b'%d' % (1795287602000000 + i * 1000001)),
              (b'__MONOTONIC_TIMESTAMP', b'%d' % (1000000 + i * 1000001)), (b'_BOOT_ID', BOOT),
              (b'PRIORITY', b'6'), (b'SYSLOG_FACILITY', facility),
              (b'SYSLOG_IDENTIFIER', identifier), (b'SYSLOG_PID', b'4711'), (b'_PID', b'4711'),
              (b'_UID', b'106'), (b'_COMM', b'smtpd'), (b'_EXE', b'/usr/lib/postfix/sbin/smtpd'),
              (b'_CMDLINE', b'smtpd -n smtp -t inet -u -c'), (b'_TRANSPORT', b'syslog'),
              (b'_HOSTNAME', b'mx1'), (b'_SYSTEMD_UNIT', unit), (b'MESSAGE', message)]
    return b''.join(field(n, v) for n, v in fields) + b'\n'


def make(i):
    host = i % 250
    kinds = [
        lambda: entry(i, b'connect from unknown[198.51.100.%d]' % host),
        lambda: entry(i, DENIED % (host, b'b@two.example')),
        lambda: entry(i, DENIED % (host, b'\xfcber@two.example')),      # Latin-1
        lambda: entry(i, DENIED % (host, b'\xc3\xbcber@two.example')),  # UTF-8
        lambda: entry(i, DENIED % (host, b'x\x1b[2J\x01@two.example')),
        lambda: entry(i, b'one\n' + DENIED % (host, b'b@two.example') + b'\nthree'),
        lambda: entry(i, b'MESSAGE=' + DENIED % (host, b'b@two.example')),
        lambda: entry(i, DENIED % (host, b'b@two.example'), facility=b'3', unit=b'mail.service'),
        lambda: entry(i, b''),
        lambda: entry(i, b'x' * 100000),
    ]
    return kinds[i % len(kinds)]()


first, count = int(sys.argv[1]), int(sys.argv[2])
for number in range(first, first + count):
    sys.stdout.buffer.write(make(number))
