#!/bin/bash
# options_documented.sh - orbl.conf(5) has each option, with the default and the bounds it has.
. "${top_srcdir:?}/tests/tap.sh"

page=$top_srcdir/docs/orbl.conf.5
list=$top_builddir/tests/tools/list_options
scratch=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$scratch"' EXIT

"$list" >"$scratch/table" || tap_bail "$list does not run"
[ "$(wc -l <"$scratch/table")" -gt 40 ] || tap_bail "$list has lost its options"
# What the page says: the name of an item and the line that follows it.
awk '/^\.It Cm .* Ns = Ns Ar / { name = $3; getline; print name "\t" $0 }' "$page" >"$scratch/page"

while IFS=$'\t' read -r name sentence; do
	tap_is "$name" "$sentence" \
		"$(awk -F'\t' -v n="$name" '$1 == n { print $2 }' "$scratch/page")"
done <"$scratch/table"
tap_is 'the page has no other options, and the same order' "$(cut -f1 "$scratch/table")" \
	"$(cut -f1 "$scratch/page")"

sed -n '/^\.Sh EXAMPLES/,/^\.Ed/p' "$page" | sed '1,/^\.Bd/d; /^\.Ed/d' >"$scratch/orbl.conf"
tap_like 'the page has an example' 'zone.name = ' "$(cat "$scratch/orbl.conf")"
tap_ok 'the example can be read' "$list" "$scratch/orbl.conf"
tap_done
