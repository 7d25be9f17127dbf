"""Data files of rbldnsd(8) of every type, with everything its manual page describes, and with
lines that are wrong. What they are for is told in rbldnsd_zones.py.
"""

import gzip
import ipaddress
import os
import random

STAMP = 1700000000  # modification time of the first file; each one is a minute younger
DROPPED = "\0"      # what a line is read as that is rejected
rng = random.Random()


def chance(percent):
    return rng.randrange(100) < percent


class Data:
    """One data file. `read` is what the line means to orbl-dnsd when it is not the same."""

    files = 0

    def __init__(self, name):
        self.name, self.lines, self.read, self.points = name, [], [], []
        self.has = set()  # "s" $SOA, "n" $NS
        self.stamp = 0

    def line(self, text, read=None):
        self.lines.append(text)
        self.read.append(text if read is None else read)

    def near4(self, low, high):
        self.points.append("4 %s %s" % (ip4(low), ip4(high)))

    def near6(self, low, high):
        self.points.append("6 %032x %032x" % (low, high))

    def near(self, name):
        self.points.append("n " + name)

    def save(self, directory):
        """read None: orbl-dnsd refuses the whole file."""
        Data.files += 1
        for folder, lines in ("list", self.lines), ("read", self.read):
            if lines is None:
                continue
            path = os.path.join(directory, folder, self.name)
            raw = "".join(line + "\n" for line in lines if line != DROPPED)
            raw = raw.encode("latin-1")
            if self.name.endswith(".gz"):
                raw = gzip.compress(raw, mtime=0)
            with open(path, "wb") as out:
                out.write(raw)
            self.stamp = STAMP + 60 * Data.files
            os.utime(path, (self.stamp, self.stamp))
        return self


# --- values -------------------------------------------------------------------------------------

WORDS = ["listed", "see", "http://bl.example/?", "open", "relay", "spam:", "why", "(x)", "# 1",
         "; 2", "\"q\"", "a\\b", "100%", "!", "!=", "of", "\xe4\xf6"]
DOLLARS = ["$", "$$", "$0", "$1", "$2", "$5", "$9", "$=", "$a", "$$$", "$$1", "$ "]


def text():
    return " ".join(rng.choice(DOLLARS if chance(35) else WORDS)
                    for _ in range(rng.randrange(1, 9)))


def code():
    """An A value in a form that stands for an address in 127/8."""
    return rng.choice([
        lambda: "%d" % rng.randrange(2, 12),
        lambda: "127.0.0.%d" % rng.randrange(2, 12),
        lambda: "127.%d.%d.%d" % (rng.randrange(3), rng.randrange(3), rng.randrange(256))])()


def value():
    return rng.choice([
        lambda: "",
        lambda: "",
        lambda: " # comment " + text(),
        lambda: "\t;" + text(),
        lambda: " :%s:" % code(),
        lambda: " :%s" % code(),
        lambda: ":%s:%s" % (code(), text()),
        lambda: " :%s:%s" % (code(), text()),
        lambda: " :%s : %s" % (code(), text()),
        lambda: "\t%s" % text(),
        lambda: " %s" % text(),
        lambda: " =%s" % text(),
        lambda: " =",
        lambda: " :%s:=%s" % (code(), text())])()


def default():
    return ":%s:%s" % (code(), rng.choice(["", text(), "= " + text(), "$"]))


BAD_VALUES = [" :0:zero", " :x:letter", " :2 text", " :127.0.0.256:", " :-2:", " :127.0.0.2.3:"]


# --- what every type has ------------------------------------------------------------------------

def special(text_):
    return rng.choice(["$", "$", "$", "#$", ";$", ":$"]) + text_


def mixed_case(word):
    return "".join(rng.choice([c.lower(), c.upper()]) if c.isascii() else c for c in word)


def soa(d, serial=None, ttl=None, minimum=None):
    d.has.add("s")
    d.line(special("%s %s ns1.example hostmaster.example. %d %s %s %s %s" % (
        mixed_case("soa"), ttl or rng.choice(["0", "3600", "1h", "2D", "7200s"]),
        rng.choice([0, 1, 77, 4294967295]) if serial is None else serial,
        rng.choice(["2h", "7200"]), rng.choice(["30m", "1"]), rng.choice(["1w", "604800S"]),
        minimum or rng.choice(["1m", "60", "5m"]))))
    if chance(30):  # only the first one counts
        d.line("$SOA 1 other.example other.example 5 5 5 5 5")


def ns(d):
    d.has.add("n")
    names = ["ns%d.example" % i for i in range(1, rng.randrange(2, 6))]
    if chance(50):
        names.insert(rng.randrange(len(names)), "-ns9.example")
    d.line(special("%s %s %s" % (mixed_case("ns"), rng.choice(["0", "1d", "7200"]),
                                 " ".join(names))))
    if chance(30):
        d.line("$NS 1 other.example")


def variables(d):
    for name in rng.sample("0123459", rng.randrange(1, 5)):
        d.line(special("%s %s" % (name, rng.choice(
            ["See http://bl.example/", "for details", "$ and $2", "x" * 30]))))
    if chance(30):
        d.line("$1 a second time")
    if chance(40):
        d.line(special("= " + rng.choice(
            ["See http://bl.example/?$= ($) for details", "$1 $= $2", "only $", "$$ $= $$"])))


def header(d, apex="sn"):
    parts = [variables]
    if "s" in apex:
        parts.append(soa)
    if "n" in apex:
        parts.append(ns)
    if chance(70):
        parts.append(lambda d: d.line(special("%s %s" % (
            mixed_case("ttl"), rng.choice(["0", "60", "10m", "3h", "1W"])))))
    if chance(50):
        parts.append(lambda d: d.line("$TIMESTAMP " + rng.choice([
            "2020:01:02", "20200102", "2020-01-02-03-04-05", "2020:1:2:3:4:5", "0", "-",
            "2020:01:02 0", "2020:01:02 2037:12:31:23:59:59", "2020:01:02 +1000w"])))
    rng.shuffle(parts)
    d.line("# " + d.name)
    for part in parts:
        part(d)


def short_header(d, ttl="3600"):
    soa(d, ttl=ttl, minimum="5m")
    ns(d)


def noise(d):
    """Lines that mean nothing, and ones that are wrong for every type."""
    d.line(rng.choice(["", "   ", "# comment", "; comment", "\t# comment", "#", "$UNKNOWN 1",
                       "$SOA", "$TTL x", "$NS", "$MAXRANGE4 0", "$MAXRANGE4 /33", "$MAXRANGE4 x",
                       "$1", "$TTL 5 5", "$DATASET ip4set x", "$TIMESTAMP", "$TIMESTAMP 2020",
                       "$10 x", "#$ 1 x"]))


def body(d, count, entry, wrong, defaults=True):
    for _ in range(count):
        if chance(4):
            noise(d)
        elif chance(4) and defaults:
            d.line(default())
        elif chance(5):
            wrong(d)
        else:
            entry(d)


# --- IPv4 ---------------------------------------------------------------------------------------

EDGES4 = [0, 1, 255, 256, 0x7EFFFFFF, 0x7F000001, 0x7F000002, 0x7F0000FF, 0x7FFFFFFF, 0x80000000,
          0xFFFFFF00, 0xFFFFFFFE, 0xFFFFFFFF]
BASES4 = [0x0A000000, 0xC0000200, 0x7F000000, 0xC6336400, 0xCB007100, 0xFFFF0000, 0x00000000]


def ip4(address):
    return str(ipaddress.IPv4Address(address))


def address4():
    kind = rng.randrange(10)
    if kind == 0:
        return rng.choice(EDGES4)
    if kind < 4:
        return rng.getrandbits(32)
    return rng.choice(BASES4) + rng.getrandbits(rng.choice([6, 8, 8, 10, 16]))


def cidr4(bits):
    low = address4() >> (32 - bits) << (32 - bits)
    octets = ip4(low).split(".")
    need = 1
    for i in range(1, 4):
        if octets[i] != "0":
            need = i + 1
    written = ".".join(octets[:rng.randrange(need, 5)])
    return written + "/%d" % bits, low, low + (1 << (32 - bits)) - 1


def prefix4():
    octets = rng.choice([2, 3, 3, 3])
    low = address4() >> (32 - 8 * octets) << (32 - 8 * octets)
    return ".".join(ip4(low).split(".")[:octets]), low, low + (1 << (32 - 8 * octets)) - 1


def range4():
    octets = rng.choice([2, 3, 4, 4, 4])
    unit = 32 - 8 * octets
    first = address4() >> unit
    last = min(first + rng.choice([0, 1, 2, 15, 255, 256, 300, 700, 5000]),
               (1 << (8 * octets)) - 1)
    left = ".".join(ip4(first << unit).split(".")[:octets])
    right = ".".join(ip4(last << unit).split(".")[:octets])
    if first >> 8 == last >> 8 and chance(60):
        right = right.split(".")[-1]
    return left + "-" + right, first << unit, (last + 1 << unit) - 1


def single4():
    address = address4()
    return ip4(address), address, address


def masked4():
    return cidr4(rng.choice([8, 9, 12, 15, 16, 17] + list(range(20, 33)) * 2))


def exclusion():
    return rng.choice(["!", "!", "! "]) if chance(15) else ""


def entry4(kinds):
    def entry(d):
        written, low, high = rng.choice(kinds)()
        d.near4(low, high)
        d.line(exclusion() + written + value())
    return entry


WRONG4 = ["10", "1.2.3.4.5", "1.2.3.256", "1.2.3.4x", "1.2.3.4/33", "1.2.3.4/24", "1..2.3",
          "1.2.3.4-1.2.3.3", "1.2.3.4-", "-1.2.3.4", "x", "1.2.3.4/", "::1", "*.2.3.4", "1.2.3.4,5",
          "127-127.0.0", "10.0.0.0/8-10.1.0.0", ".1.2.3", "1.2.3.4-1.2.3", "$", "=", "300/8", "!",
          "1.2.3.4-300", "10.0.0.1/31"]


def wrong4(d):
    if chance(40):
        address = address4()
        d.near4(address, address)
        d.line(ip4(address) + rng.choice(BAD_VALUES))
    else:
        d.line(rng.choice(WRONG4) + value())


def ip4set(name, count, apex="sn"):
    d = Data(name)
    header(d, apex)
    body(d, count, entry4([single4, single4, single4, masked4, prefix4, range4]), wrong4)
    return d


def maxrange(name):
    d = ip4set(name, 40)
    d.line(special(rng.choice(["MAXRANGE4 /16", "maxrange4 65536"])))
    body(d, 150, entry4([single4, masked4, prefix4, range4]), wrong4)
    d.line("$MAXRANGE4 /8")
    d.line(rng.choice(["$MAXRANGE4 256", "$MAXRANGE4 /24"]))
    body(d, 150, entry4([single4, masked4, prefix4, range4]), wrong4)
    return d


def ip4trie(name, count):
    d = Data(name)
    header(d)
    body(d, count, entry4([single4, masked4, masked4, prefix4]), wrong4)
    return d


def ip4tset(name, count):
    d = Data(name)
    header(d)
    d.line(default())
    body(d, count, entry4([single4]), wrong4)
    return d


# --- IPv6 ---------------------------------------------------------------------------------------

EDGES6 = [0, 1, (1 << 128) - 1, (1 << 128) - 2, 1 << 127, 0xFFFF << 32, (0x10000 << 32) - 1,
          0xFFFF7F000001, 0xFFFF7F000002]


def address6():
    kind = rng.randrange(10)
    if kind == 0:
        return rng.choice(EDGES6)
    if kind == 1:
        return rng.getrandbits(128)
    if kind == 2:
        return (0xFFFF << 32) + address4()
    if kind == 3:
        return (0x2002 << 112) + (address4() << 80) + rng.getrandbits(rng.choice([1, 80]))
    base = (0x20010DB8 << 96) + (rng.getrandbits(4) << 80) + (rng.getrandbits(3) << 64)
    return base + (rng.getrandbits(rng.choice([1, 4, 16, 64])) if chance(70) else 0)


def words6(address, count):
    words = ["%x" % (address >> (112 - 16 * i) & 0xFFFF) for i in range(count)]
    return ":".join("0" + w if len(w) < 4 and chance(10) else w for w in words)


def written6(address):
    kind = rng.randrange(4)
    if kind == 0:
        written = words6(address, 8)
    elif kind == 1:
        written = ipaddress.IPv6Address(address).exploded
    else:
        written = str(ipaddress.IPv6Address(address))
    return written.upper() if chance(15) else written


def cidr6():
    bits = rng.choice([16, 20, 29, 32, 33, 36, 40, 44, 47, 48, 52, 56, 60, 63, 64, 64, 64, 65, 80,
                       96, 97, 112, 120, 124, 127, 128, 128])
    low = address6() >> (128 - bits) << (128 - bits)
    high = low + (1 << (128 - bits)) - 1
    short = (bits + 15) // 16
    if short < 8 and chance(40):
        return words6(low, short) + "/%d" % bits, low, high
    return written6(low) + "/%d" % bits, low, high


def single6():
    address = address6()
    return written6(address), address, address


def prefix6():
    count = rng.randrange(2, 8)
    low = address6() >> (128 - 16 * count) << (128 - 16 * count)
    return words6(low, count), low, low + (1 << (128 - 16 * count)) - 1


WRONG6 = ["2001:db8::/129", "2001:db8::1/64", "1.2.3.4", "2001:db8:::1", "2001:db8::1::2", "g::1",
          "2001:db8:1:2:3:4:5:6:7", "12345::", "::1/", "2001:db8::1-2", "2001:db8::1x", ":", ":1",
          "0::0/0x", "!", "/64"]


def wrong6(d):
    if chance(40):
        address = address6()
        d.near6(address, address)
        d.line(str(ipaddress.IPv6Address(address)) + rng.choice(BAD_VALUES))
    else:
        d.line(rng.choice(WRONG6) + value())


def ip6trie(name, count):
    def entry(d):
        written, low, high = rng.choice([cidr6, cidr6, single6, prefix6])()
        d.near6(low, high)
        d.line(exclusion() + written + " " + value())  # without it ":6:x" is more address
    d = Data(name)
    header(d)
    body(d, count, entry, wrong6)
    return d


def ip6tset(name, count):
    halves = []

    def entry(d):
        if halves and chance(30):
            address = (rng.choice(halves) << 64) + rng.choice([0, 1, rng.getrandbits(64)])
            d.near6(address, address)
            d.line("!" + written6(address))
            return
        half = address6() >> 64
        halves.append(half)
        d.near6(half << 64, (half + 1 << 64) - 1)
        d.line(words6(half << 64, 4) + " " + value())
    d = Data(name)
    header(d)
    if chance(70):
        d.line(default())
    body(d, count, entry, wrong6)
    return d


# --- names --------------------------------------------------------------------------------------

LABELS = ["a", "b", "c", "www", "mail", "example", "com", "net", "x-1", "under_score", "1", "2",
          "127", "xn--bcher-kva", "z" * 63, "0"]
ODD_LABELS = ["a*b", "a@b", "a\"b", "a;b", "(x)", "a$b", "a~b", "a|b", "a'b", "<>", "a#b", "\xe4"]


def name(most=5):
    return ".".join(rng.choice(ODD_LABELS if chance(3) else LABELS)
                    for _ in range(rng.randrange(1, most)))


WRONG_NAMES = ["a..b", "*", "*.", "!", "!*.", "y" * 64, "y" * 64 + ".com", ".".join(["z" * 63] * 5),
               "..", ".a..b"]


def dnset(name_, count):
    def entry(d):
        entry_ = name()
        d.near(entry_)
        if chance(10):
            entry_ = mixed_case(entry_)
        if chance(8):
            entry_ += "."
        written = rng.choice(["", "", "*.", "."]) + entry_
        d.line(exclusion() + written + (value() if chance(50) else "").replace(":", " :", 1))

    def wrong(d):
        if chance(40):
            d.near(name())
            d.line(d.points[-1][2:] + rng.choice(BAD_VALUES))
        else:
            d.line(rng.choice(WRONG_NAMES))
            d.near("a.b")  # "a..b", as rbldnsd reads it
            d.near("*")
    d = Data(name_)
    header(d)
    body(d, count, entry, wrong)
    return d


def record():
    ttl = rng.choice(["", "", "0 ", "60 ", "1h "])
    if chance(20):
        ttl += rng.choice(["IN ", "in "])
    return ttl + rng.choice([
        lambda: mixed_case("a") + " " + ip4(rng.getrandbits(32)),
        lambda: mixed_case("txt") + " " + text(),
        lambda: "TXT \"%s\"" % text(),
        lambda: mixed_case("mx") + " %d mx%d.example" % (rng.getrandbits(16), rng.randrange(9))])()


WRONG_RECORDS = ["", " A", " A x", " A 1.2.3.256", " MX x mx.example",
                 " CNAME x.example", " A 1.2.3.4.5", " WHAT 1", " 60", " 60 IN", " PTR x.example"]


def generic(name_, count):
    def entry(d):
        entry_ = name(4)
        d.near(entry_)
        d.line(("@" if chance(8) else mixed_case(entry_) if chance(10) else entry_) +
               rng.choice([" ", "\t", "  "]) + record())

    def wrong(d):
        d.near(name(4))
        d.line(d.points[-1][2:] + rng.choice(WRONG_RECORDS))
    d = Data(name_)
    header(d)
    body(d, count, entry, wrong, defaults=False)
    return d


# --- combined, access control -------------------------------------------------------------------

def combined(name_):
    """The file, one without its IPv4 data, and one with its generic data alone."""
    d, six, meta = Data(name_), Data(name_ + ".six"), Data(name_ + ".meta")
    header(d)
    six.lines, meta.lines = d.lines[:], d.lines[:]
    parts = [(ip4set, "ip4set"), (ip4trie, "ip4trie"), (ip4tset, "ip4tset"), (ip6trie, "ip6trie"),
             (ip6tset, "ip6tset"), (dnset, "dnset"), (generic, "generic"), (ip4set, "ip4set")]
    rng.shuffle(parts)
    for make, type_ in parts:
        subzones = rng.sample(["@", "one", "two", "Three", "deep.two", "www.four"],
                              rng.randrange(1, 4))
        part = make("part", 60)
        lines = ["$DATASET %s%s %s%s" % (type_, rng.choice(["", ":label"]), " ".join(subzones),
                                         rng.choice(["", " # comment"]))]
        lines += [line for line in part.lines if "MAXRANGE" not in line and "DATASET" not in line]
        d.lines += lines
        if not type_.startswith("ip4"):
            six.lines += lines
        if type_ == "generic":
            meta.lines += lines
        if type_ == "dnset":
            d.points += ["names " + subzone.lower() for subzone in subzones]
        for point in part.points:
            for subzone in subzones:
                d.points.append(point if subzone == "@" else "in %s %s" % (subzone.lower(), point))
        for subzone in subzones:
            d.near("" if subzone == "@" else subzone.lower())
    d.read, six.read, meta.read = d.lines, six.lines, meta.lines
    return d, six, meta


CLIENTS = ["127.0.0.%d" % i for i in range(10, 26)]  # 127.0.0.9: in no list


def acl(name_, first):
    d = Data(name_)
    d.line("# who asks from where is answered how")
    d.line("$1 variable one")
    if chance(50):
        d.line("$TTL 77")
    actions = [":refuse", ":empty", ":pass", "", ":ignore", ":blackhole", ":%d:client $ $1" % 7,
               "=refuse", "=Empty", "=pass"]
    for i, client in enumerate(CLIENTS):
        if i % 4 != 3:
            d.line(client + " " + actions[(i * 7 + first) % len(actions)])
    d.line("127.0.0.22/31 :127.0.0.9:a pair $$ $")
    d.line("127.0.0.22 :pass")
    d.line(":refuse")
    d.line("127.0.0.24/30")
    d.line("2001:db8::/32 :empty")
    d.line("::1 :refuse")
    return d
