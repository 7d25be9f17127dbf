#!/usr/bin/env python3
"""observe_metrics.py - is standard input Prometheus' text format 0.0.4, to the letter?

Each family has HELP, then TYPE, then its samples, once and together; no sample is there twice;
counters and buckets do not go below zero or back; a histogram's last bucket is its count."""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(r"(%s)(?:\{((?:%s)(?:,%s)*)\})? (\S+)" % (NAME, LABEL, LABEL))


def fail(number, text, line=""):
    sys.exit("line %d: %s: %s" % (number, text, line))


def value_of(text):
    return {"+Inf": float("inf"), "-Inf": float("-inf"), "NaN": float("nan")}.get(text) if text in (
        "+Inf", "-Inf", "NaN") else float(text)


def check_histogram(name, buckets, samples):
    for labels, bounds in buckets.items():
        counts = [count for _, count in bounds]
        limits = [limit for limit, _ in bounds]
        assert limits == sorted(limits) and limits[-1] == float("inf"), name
        assert counts == sorted(counts), name
        assert samples[(name + "_count", labels)] == counts[-1], name
        assert (name + "_sum", labels) in samples, name


def main():
    text = sys.stdin.read()
    family, kind, ended, samples, buckets = None, None, set(), {}, {}
    if not text.endswith("\n"):
        sys.exit("the last line has no end")
    for number, line in enumerate(text[:-1].split("\n"), 1):
        if line.startswith("# HELP "):
            if family:
                ended.add(family)
            family, kind, buckets = line.split(" ")[2], None, {}
            if family in ended or not re.fullmatch(NAME, family) or len(line.split(" ", 3)) < 4:
                fail(number, "HELP", line)
            continue
        if line.startswith("# TYPE "):
            word = line.split(" ")
            if len(word) != 4 or word[2] != family or kind or word[3] not in (
                    "counter", "gauge", "histogram"):
                fail(number, "TYPE", line)
            kind = word[3]
            continue
        match = SAMPLE.fullmatch(line)
        if not match or not kind:
            fail(number, "no sample", line)
        name, value = match.group(1), value_of(match.group(7))
        labels = tuple(sorted(re.findall(LABEL, match.group(2) or "")))
        if len(dict(labels)) != len(labels) or (name, labels) in samples:
            fail(number, "twice", line)
        samples[(name, labels)] = value
        if kind != "gauge" and not value >= 0:
            fail(number, "below zero", line)
        if kind == "counter" and (name != family or not name.endswith("_total")):
            fail(number, "a counter's name ends in _total", line)
        if kind == "gauge" and name != family:
            fail(number, "of another family", line)
        if kind == "histogram":
            if name not in (family + "_bucket", family + "_sum", family + "_count"):
                fail(number, "of another family", line)
            if name == family + "_bucket":
                rest = tuple(label for label in labels if label[0] != "le")
                buckets.setdefault(rest, []).append((value_of(dict(labels)["le"]), value))
            elif name == family + "_count":
                rest = labels
                check_histogram(family, {rest: buckets[rest]}, samples)
    print(len(samples))


main()
