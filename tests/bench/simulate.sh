#!/bin/bash
# simulate.sh - a year of a public list in virtual time (tests/sim/): what is found how soon, and
# who is wronged. BENCH_SIM_OPTIONS: other than the usual size; BENCH_SIM_RESULT: a file with the
# JSON of a run that is over.
. "${top_srcdir:?}/tests/bench/lib.sh"

of() { # FILTER
	jq -r "$1" "$dir/result"
}

days() { # FILTER in seconds
	of "$1" | awk '{ printf "%.1f", $1 / 86400 }'
}

hours() { # FILTER in seconds
	of "$1" | awk '{ printf "%.0f", $1 / 3600 }'
}

print_found() {
	echo '| open relays | told of by a log | found | listed after, median | 90 % | relapses found |'
	echo '|---|---|---|---|---|---|'
	printf '| %s | %s | %s | %s h | %s h | %s |\n\n' "$(of .relays)" "$(of .relays_told)" \
		"$(of .relays_found)" "$(hours .time_to_listing.median_s)" \
		"$(hours '.time_to_listing["90_percent_s"]')" "$(of .relapses_found)"
}

print_wronged() {
	printf '| %s ' 'facts told' 'forged or mistaken' 'hosts listed as relay that are none' \
		'innocent hosts listed as suspect' 'days that closed hosts stayed listed'
	echo '|'
	echo '|---|---|---|---|---|'
	printf '| %s | %s | %s | %s | %s |\n\n' "$(grouped "$(of .facts)")" \
		"$(grouped "$(of .forged_facts)")" "$(of .false_relays)" "$(of .false_suspects)" \
		"$(grouped "$(of .stale_days)")"
	echo '| delisting requests | removed | later than in the same step of an hour |'
	echo '|---|---|---|'
	printf '| %s | %s | %s |\n\n' "$(of .requests)" "$(of .removed)" \
		"$(of 'if .time_to_removal.longest_s >= 3600 then "some" else "none" end')"
}

print_probes() {
	echo '| probes of hosts that are | probes |'
	echo '|---|---|'
	of 'to_entries[] | select(.key | startswith("probes_")) |
		"| \(.key | ltrimstr("probes_")) | \(.value) |"'
}

main() {
	bench_begin simulate
	if [ -n "${BENCH_SIM_RESULT:-}" ]; then
		cp "$BENCH_SIM_RESULT" "$dir/result"
	else
		mkdir "$dir/list"
		say 'a year of 100,000 hosts takes about a quarter of an hour and 6 GB'
		# shellcheck disable=SC2086 # options are words
		"$top_builddir/tests/sim/simulate" ${BENCH_SIM_OPTIONS:-} "$dir/list" >"$dir/result" ||
			bench_fail 'simulate did not come to its end'
	fi
	print_found
	print_wronged
	print_probes
	target_at_most 'a simulated year: hosts listed as relay that are none' 0 "$(of .false_relays)"
	target_at_most 'the same: innocent hosts listed as suspect' 0 "$(of .false_suspects)"
}

main
