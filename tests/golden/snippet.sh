#!/bin/bash
# snippet.sh - what `orbl snippet` prints, in tests/golden/snippet: NAME without and NAME.key with a
# key. Real servers and filters read it in tests/system/client_*.sh.
. "${top_srcdir:?}/tests/tap.sh"

here=$top_srcdir/tests/golden/snippet
scratch=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$scratch"' EXIT
names='postfix postscreen exim rspamd spamassassin'
key=abcdefghijklmnopqrstuvwx27
printf 'zone.name = dnsbl.example.org.\n' >"$scratch/orbl.conf"
snippet() { "$top_builddir/orbl" snippet -c "$scratch/orbl.conf" "$@"; }

# Where a program asks a list, it has codes behind its name, or a table of them.
asks() { grep -vE '^ *#' "$1" | grep -E 'reject_rbl_client|^	.*dnsbl\.example\.org=.*\*|dnslists ='; }

for name in $names; do
	snippet $name >"$scratch/$name"
	tap_diff "$name" "$here/$name" "$scratch/$name"
	snippet --key $key $name >"$scratch/$name.key"
	tap_diff "$name with a key" "$here/$name.key" "$scratch/$name.key"
	tap_is "$name asks by code alone" '' "$(asks "$scratch/$name.key" | grep -vE '=127\.0\.0\.')"
	tap_is "$name with a key asks for nothing without it" '' "$(asks "$scratch/$name.key" |
		grep -v "$key\.")"
	snippet $name other.example | sed 's/other\.example/dnsbl.example.org/g' >"$scratch/$name.other"
	tap_diff "$name of a zone that is named" "$scratch/$name" "$scratch/$name.other"
done
tap_is 'something was asked' '1 3 5' "$(for name in postfix postscreen exim; do
	asks "$scratch/$name" | wc -l; done | paste -sd ' ')"

tap_status 'help' 0 snippet --help
tap_status 'no name' 2 snippet
tap_status 'a name that there is not' 2 snippet sendmail
tap_is 'names those that there are' \
	'orbl snippet: there is no snippet for "sendmail"; name one of postfix, postscreen, exim, rspamd, '`
	`'spamassassin; see --help' "$tap_output"
tap_status 'two zones' 2 snippet postfix a.example b.example
for bad in 'a b' 'a..b' .a "a';" 'a=127.0.0.1' '' "$(printf 'a%.0s' {1..64}).example" \
	"$(printf 'a.%.0s' {1..150})"; do
	tap_status "no zone: ${bad:0:20}" 2 snippet postfix "$bad"
done
tap_status 'one that leaves no room for an IPv6 address' 2 snippet exim "$(printf 'abc.%.0s' {1..45})x"
tap_status 'the longest that does' 0 snippet exim "$(printf 'abc.%.0s' {1..44})x"
for bad in '' a.b 'a b' xx "$(printf 'a%.0s' {1..25})" "$(printf 'a%.0s' {1..25})1" "$(printf 'a%.0s' {1..27})"; do
	tap_status "no key: $bad" 2 snippet --key "$bad" postfix
	tap_like 'that is said' 'no query key, which has 26 letters' "$tap_output"
done
tap_status 'a key in capitals' 0 snippet --key "${key^^}" postfix
tap_status 'no such file' 2 snippet -c "$scratch/nonexistent" postfix
tap_status 'which is not read when the zone is named' 0 snippet -c "$scratch/nonexistent" postfix a.example
tap_done
