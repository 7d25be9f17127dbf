#!/bin/bash
# policy_page.sh - docs/listing-policy.md is what `orbl policy-page` makes of the defaults; and in
# HTML it is well-formed, whatever the configuration says.
. "${top_srcdir:?}/tests/tap.sh"

scratch=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$scratch"' EXIT
page() { "$top_builddir/orbl" policy-page --offline "$@"; }
: >"$scratch/default.conf"

page -c "$scratch/default.conf" >"$scratch/listing-policy.md"
tap_diff 'docs/listing-policy.md is the page of the defaults' "$top_srcdir/docs/listing-policy.md" \
	"$scratch/listing-policy.md"

cat >"$scratch/all.conf" <<'END'
zone.url = "https://x.example/?a=$&b=<\">"
zone.policy = "https://x.example/policy?a=1&b=2"
probe.url = "]]> <script>alert('x')</script> &lt; `a`"
probe.source = 192.0.2.1
probe.second_source = 192.0.2.2
score.distinct = asn
listing.safe_lists = {"a", "b"}
delist.resolver = 127.0.0.1@53
notify.spool = "/var/spool/orbl"
notify.contacts = abuse.example
END
well_formed() { # FILE
	python3 - "$1" <<-'END'
		import sys
		import xml.etree.ElementTree as tree
		first, rest = open(sys.argv[1], encoding="utf-8").read().split("\n", 1)
		assert first == "<!DOCTYPE html>"
		html = "{http://www.w3.org/1999/xhtml}"
		may_hold = {"table": {"tr"}, "tr": {"td", "th"}, "ul": {"li"}, "ol": {"li"},
		            "html": {"head", "body"}}
		for element in tree.fromstring(rest).iter():
		    name = element.tag.removeprefix(html)
		    assert name not in ("script", "img", "link", "iframe"), name
		    assert not any(a.startswith("on") for a in element.attrib), element.attrib
		    for inner in element:
		        wanted = may_hold.get(name)
		        assert not wanted or inner.tag.removeprefix(html) in wanted, inner.tag
	END
}
for conf in default all; do
	tap_ok "the page of $conf.conf" page -c "$scratch/$conf.conf" --format html
	page -c "$scratch/$conf.conf" --format html >"$scratch/$conf.html"
	tap_ok 'is well-formed HTML without a script' well_formed "$scratch/$conf.html"
done
tap_like 'what the operator wrote is shown' '&lt;script&gt;' "$(cat "$scratch/all.html")"
tap_status 'as text' 0 page -c "$scratch/all.conf" --format text
tap_like 'it has no markup' '^How to get off$' "$tap_output"
tap_like 'and what is set' 'from a second address' "$(tr '\n' ' ' <<<"$tap_output")"
tap_status 'another format' 2 page --format pdf
tap_status 'an operand' 2 page x
tap_status 'no such file' 2 page -c "$scratch/nonexistent"
tap_status 'a bad file' 2 page -c "$top_srcdir/docs/glossary.md"
tap_status 'help' 0 page --help
tap_done
