#!/usr/bin/python3
"""Zones, and files with their data, to compare orbl-dnsd with rbldnsd(8).

	rbldnsd_zones.py SEED DIR

DIR/list   the files as both servers get them
DIR/read   the same files as docs/rbldnsd-differences.md says that orbl-dnsd reads them, written
           so that rbldnsd reads them likewise
DIR/specs  the zone specifications, one a line
DIR/twins  more of them, for the server of DIR/read: parts of some zones
DIR/plan   for rbldnsd_oracle: each zone with what it can have, and addresses and names of its
           entries, to ask about

The same seed gives the same files.
"""

import os
import sys

from rbldnsd_data import (DROPPED, Data, acl, combined, dnset, generic, ip4, ip4set,
                          ip4trie, ip4tset, ip6trie, ip6tset, maxrange, rng, short_header, text,
                          value)

# --- zones --------------------------------------------------------------------------------------

class Plan:
    def __init__(self, directory):
        self.directory, self.zones, self.specs, self.twins = directory, {}, [], []

    def twin(self, kind, origin, type_, data):
        """What only READ has: a part of a zone. ip6: all but its IPv4 data, meta: generic."""
        self.zones[origin]["has"].add(kind[0])
        self.twins.append("%s.%s:%s:%s" % (kind, origin, type_, data.name))

    def add(self, origin, type_, *files, rule=""):
        zone = self.zones.setdefault(origin, {"types": [], "rule": rule or "-", "points": [],
                                              "has": set(), "serial": 0})
        zone["types"].append(type_)
        for data in files:
            if isinstance(data, Data):
                zone["points"] += data.points
                zone["has"] |= data.has
                zone["serial"] = max(zone["serial"], data.stamp)
        paths = ",".join(data.name if isinstance(data, Data) else data for data in files)
        self.specs.append("%s:%s:%s" % (origin, type_, paths))

    def save(self):
        with open(os.path.join(self.directory, "specs"), "w") as out:
            out.write("".join(spec + "\n" for spec in self.specs))
        with open(os.path.join(self.directory, "twins"), "w") as out:
            out.write("".join(spec + "\n" for spec in self.twins))
        with open(os.path.join(self.directory, "plan"), "w", encoding="latin-1") as out:
            for origin, zone in self.zones.items():
                if origin:
                    out.write("zone %s %s -%s %d %s\n" % (
                        origin, ",".join(zone["types"]), "".join(sorted(zone["has"])),
                        zone["serial"], zone["rule"]))
                    out.write("".join(point + "\n" for point in zone["points"]))


def outside():
    """A values outside 127/8."""
    d = Data("outside")
    short_header(d)
    for i in range(60):
        address = 0xC0000200 + i
        d.near4(address, address)
        if i % 3 == 0:
            d.line(ip4(address) + value())
        elif i % 3 == 1:
            d.line("%s :%s:%s" % (ip4(address), rng.choice(["1.2.3.4", "126.255.255.255",
                                                           "128.0.0.0", "255.255.255.255"]),
                                  text()), DROPPED)
        else:
            d.line(":10.0.0.%d:%s" % (i, text()), DROPPED)
            d.line(ip4(address))
    return d


def crlf():
    d = Data("crlf")
    for line in ["$SOA 60 ns1.example hostmaster.example 5 5 5 5 60", "$NS 60 ns1.example",
                 "$TTL 60", "$1 one", ":3:default $", "192.0.2.1", "192.0.2.2 :4:text $1",
                 "!192.0.2.3", "192.0.2.0/24", "192.0.2.4 text", "192.0.2.5 :5", "192.0.2.6 :5:",
                 "# comment", "", "198.51.100.0-198.51.100.9", "203.0.113"]:
        d.line(line + "\r", line)
    d.near4(0xC0000200, 0xC0000207)
    d.near4(0xC6336400, 0xC633640A)
    d.near4(0xCB007100, 0xCB007103)
    return d


def control():
    """Control characters in texts."""
    d = Data("control")
    short_header(d, "30")
    for i in range(40):
        address = 0xC0000200 + i
        d.near4(address, address)
        odd = rng.choice(["\x01", "\x07", "\x1b", "\x7f", "\t", "\r"])
        d.line("%s :2:a%sb $%s c" % (ip4(address), odd, odd),
               "%s :2:a%sb $%s c" % ((ip4(address),) + (" " if odd == "\t" else "",) * 2))
    return d


def long_texts():
    d = Data("long")
    short_header(d)
    for i in range(60):
        address = 0xC0000200 + i
        d.near4(address, address)
        d.line("%s :2:%s" % (ip4(address), " ".join(["$", "abcdefgh", "$"] * rng.randrange(5, 50))))
    return d


def long_lines():
    d = Data("long-lines")
    short_header(d)
    for i, size in enumerate([8000, 8300, 9000, 20000]):
        d.near4(0xC0000200 + 8 * i, 0xC0000200 + 8 * i)
        d.near4(0xC0000204 + 8 * i, 0xC0000204 + 8 * i)
        line = "%s :2:%s" % (ip4(0xC0000200 + 8 * i), "x" * size)
        d.line(line, line if len(line) <= 8192 else DROPPED)
        d.line("192.0.2.%d" % (8 * i + 4))
    return d


def more_types():
    """Types of records that rbldnsd has not; READ has them as TXT."""
    d = Data("more-types")
    short_header(d)
    for i in range(80):
        owner = rng.choice(["@", "www", "mail", "six%d" % (i // 4), "a.b.six%d" % (i // 4)])
        d.near("" if owner == "@" else owner)
        ttl = "60" if len(owner) % 2 else "7200"  # in READ they are all of one type
        record_ = rng.choice(["AAAA 2001:db8::%x" % rng.randrange(1, 99), "AAAA ::ffff:192.0.2.1",
                              "CAA 0 issue \"ca%d.example\"" % rng.randrange(9),
                              "CAA 128 iodef \"mailto:x@example\"", "A 192.0.2.%d" % i])
        line = "%s %s %s" % (owner, ttl, record_)
        d.line(line, line if record_[0:2] == "A " else "%s %s TXT %s" % (owner, ttl, record_))
    return d


def bad_record():
    """A line for which both give up all of the file."""
    d = Data("bad-record")
    short_header(d)
    d.line("www A 192.0.2.1")
    d.line("mail MX 10")
    d.near("www")
    d.near("mail")
    return d


def big_times():
    """TTL values that are none (RFC 2181 section 8)."""
    d = Data("big-times")
    short_header(d)
    d.line("$TTL 2147483648", DROPPED)
    d.line("192.0.2.1 :2:x")
    d.near4(0xC0000201, 0xC0000201)
    return d


def nothing():
    """Not one line that can be used."""
    d = Data("nothing")
    d.line("# nothing")
    d.line("this is no address")
    d.read = None
    d.near4(0xC0000201, 0xC0000201)
    return d


def otherwise(plan, save):
    for type_, rule, make in [
            ("ip4set", "a-outside-127", outside), ("ip4set", "crlf", crlf),
            ("ip4set", "control-characters", control), ("ip4set", "long-line", long_lines),
            ("generic", "generic-types", more_types), ("generic", "", bad_record),
            ("ip4set", "ttl-31-bit", big_times), ("ip4set", "no-entries", nothing),
            ("ip4set", "", long_texts)]:
        data = save(make())
        plan.add(data.name + ".test", type_, data, rule=rule)


def special_zones(plan, save):
    """Data that are not there, not yet, or not any more."""
    for origin, line in [
            ("expired", "$TIMESTAMP 2020:01:01 2020:01:02"), ("future", "$TIMESTAMP 2037:01:01"),
            ("bad-line", "this is no address")]:
        d = ip4set(origin, 0)
        d.line(line)
        d.line("192.0.2.1")
        d.near4(0xC0000201, 0xC0000201)
        plan.add(origin + ".test", "ip4set", save(d))
    for origin, apex in ("no-soa", "n"), ("no-ns", "s"), ("bare", ""):
        plan.add(origin + ".test", "ip4set", save(ip4set(origin, 100, apex)))
    plan.add("missing.test", "ip4set", "no-such-file")


def main():
    seed, directory = int(sys.argv[1]), sys.argv[2]
    rng.seed(seed)
    for folder in "list", "read":
        os.makedirs(os.path.join(directory, folder), exist_ok=True)
    plan = Plan(directory)

    def save(data):
        return data.save(directory)

    sets = [save(ip4set("set%d" % i, n)) for i, n in enumerate([3000, 800, 300])]
    for i, data in enumerate(sets):
        plan.add("set%d.test" % i, "ip4set", data)
    plan.add("files.test", "ip4set", *[save(ip4set(n, 400)) for n in ("part1", "part2.gz")])
    plan.add("maxrange.test", "ip4set", save(maxrange("maxrange")))
    tries = [save(ip4trie("trie%d.gz" % i, 1000)) for i in range(2)]
    for i, data in enumerate(tries):
        plan.add("trie%d.Test" % i, "ip4trie", data)
    tset = save(ip4tset("tset", 2000))
    plan.add("tset.test", "ip4tset", tset, save(ip4tset("tset2", 100)))
    six = [save(ip6trie("six%d" % i, 800)) for i in range(2)]
    for i, data in enumerate(six):
        plan.add("six%d.test" % i, "ip6trie", data)
    half = save(ip6tset("half", 800))
    plan.add("half.test", "ip6tset", half)
    names = [save(dnset("names%d" % i, n)) for i, n in enumerate([800, 100])]
    for i, data in enumerate(names):
        plan.add("names%d.test" % i, "dnset", data)
    records = [save(generic("records%d" % i, n)) for i, n in enumerate([300, 40])]
    for i, data in enumerate(records):
        plan.add("records%d.test" % i, "generic", data)
    for i in range(2):
        data, six_, meta = combined("many%d" % i)
        plan.add("many%d.test" % i, "combined", save(data))
        plan.twin("ip6", "many%d.test" % i, "combined", save(six_))
        plan.twin("meta", "many%d.test" % i, "combined", save(meta))
    plan.add("joint.test", "ip4set", sets[1])
    plan.add("joint.test", "ip4trie", tries[0])
    plan.add("joint.test", "ip4set", sets[2])
    plan.add("joint.test", "ip6trie", six[0])
    plan.add("joint.test", "ip6tset", half)
    plan.add("joint.test", "dnset", names[1])
    plan.add("joint.test", "generic", records[1])
    plan.twin("ip6", "joint.test", "ip6trie", six[0])
    plan.twin("ip6", "joint.test", "ip6tset", half)
    plan.twin("ip6", "joint.test", "dnset", names[1])
    plan.twin("ip6", "joint.test", "generic", records[1])
    plan.twin("meta", "joint.test", "generic", records[1])
    plan.add("www.joint.test", "ip4tset", tset)
    plan.add("a.very.deep.joint.test", "ip4set", sets[2])
    plan.add("acl.test", "acl", save(acl("acl", 1)))
    plan.add("acl.test", "ip4set", sets[2])
    plan.add("acl.test", "dnset", names[1])
    plan.add("acl.test", "generic", records[1])
    plan.twin("meta", "acl.test", "generic", records[1])
    plan.twin("ip6", "acl.test", "dnset", names[1])
    plan.twin("ip6", "acl.test", "generic", records[1])
    plan.add("", "acl", save(acl("global", 4)))
    special_zones(plan, save)
    otherwise(plan, save)
    plan.save()


if __name__ == "__main__":
    main()
