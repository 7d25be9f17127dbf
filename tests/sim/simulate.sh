#!/bin/bash
# simulate.sh - four months of a small list in virtual time: what must never be is not, what is
# to be found is found, and the same seed gives the same year. `make simulate` plays a whole year
# of 100,000 hosts.
. "${top_srcdir:?}/tests/tap.sh"

scratch=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$scratch"' EXIT

simulate() { # NAME ARGUMENT...
	local name=$1
	shift
	mkdir "$scratch/$name"
	"${top_builddir:?}/tests/sim/simulate" --reporters 40 --forgers 10 "$@" \
		"$scratch/$name" >"$scratch/$name.json" || return
	rm -rf "${scratch:?}/$name"
}

of() { # NAME FILTER
	jq -r "$2" "$scratch/$1.json"
}

tap_ok 'a list of four months' simulate one --seed 7 --hosts 5000 --days 120
tap_is 'no host is listed as relay that is none' 0 "$(of one .false_relays)"
tap_is 'no provider on the safe list is listed' 0 "$(of one .provider_listings)"
tap_is 'no innocent host is listed as suspect' 0 "$(of one .false_suspects)"
tap_is 'no provider on the safe list is probed' 0 "$(of one .probes_provider)"
tap_ok 'there were relays' test "$(of one .relays)" -gt 3
tap_ok 'of ten that are told of eight are found' \
	test "$((10 * $(of one .relays_found)))" -ge "$((8 * $(of one .relays_told)))"
tap_ok 'lines were forged' test "$(of one .forged_facts)" -gt 1000
tap_ok 'owners asked' test "$(of one .requests)" -gt 0
tap_is 'each request of a closed host removes it' "$(of one .requests)" "$(of one .removed)"
short=(--hosts 500 --days 20)
tap_ok 'a seed' simulate first --seed 1 "${short[@]}"
tap_ok 'the same seed' simulate second --seed 1 "${short[@]}"
tap_is 'the same list' "$(cat "$scratch/first.json")" "$(cat "$scratch/second.json")"
tap_ok 'another seed' simulate third --seed 2 "${short[@]}"
tap_ok 'another list' test "$(cat "$scratch/first.json")" != "$(cat "$scratch/third.json")"
tap_done
