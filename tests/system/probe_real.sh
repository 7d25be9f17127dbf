#!/bin/bash
# probe_real.sh - orbl probe gives real Postfix, Exim, OpenSMTPD and Sendmail servers the verdict
# that their configuration deserves: open by each of the ways they can be, closed, or in between.
#
# probe_real/targets.sh has the servers. A message that is relayed comes back by way of the MX
# record of the collector's domain. All of it is in a network that reaches nothing else.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/mta_lab.sh"
. "$top_srcdir/tests/tools/mta_more.sh"
. "$top_srcdir/tests/system/probe_real/targets.sh"

orbl=${top_builddir:?}/orbl

probe() { # OPTION... NAME...: names at the end become addresses
	local arguments=() word
	for word in "$@"; do
		case $word in
		postfix-*|exim-*|opensmtpd-*|sendmail-*) word=$(target_address "$word") ;;
		esac
		arguments+=("$word")
	done
	timeout 120 "$orbl" probe -c "$dir/conf" --wait 6 "${arguments[@]}"
}

probe_json() { # OPTION... NAME : $dir/one
	probe --json "$@" >"$dir/one" 2>"$dir/errors"
	cat "$dir/errors"
}

one() { # JQ-EXPRESSION
	jq -r "$1" "$dir/one"
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

# --- all of them ---

wanted() { # NAME: verdict, input, outputs, cases
	local verdict case output
	verdict=$(target_field "$1" 3) case=$(target_field "$1" 4) output=$(target_field "$1" 5)
	case $output in
	.) output=$(target_address "$1") ;;
	?*) output=$(target_address "$output") ;;
	esac
	printf '%s|%s|%s|%s\n' "$verdict" "$(target_address "$1")" "$output" "$case"
}

got() { # NAME
	jq -r --arg ip "$(target_address "$1")" 'select(.input == $ip) | [.verdict, .input,
		(.outputs | join(" ")), ([.cases[] | select(.arrived) | .case] | join(" "))] |
		join("|")' "$dir/all"
}

check_all() {
	local name status=0
	# shellcheck disable=SC2046
	probe --json $(target_names) >"$dir/all" 2>"$dir/errors" || status=$?
	tap_note "probes of all servers ended after $SECONDS s"
	tap_is 'status 1: some are open' 1 "$status"
	tap_is 'nothing on standard error' '' "$(cat "$dir/errors")"
	for name in $(target_names); do
		tap_is "$name: $(target_field "$name" 6)" "$(wanted "$name")" "$(got "$name")"
		[ "$(wanted "$name")" = "$(got "$name")" ] || tap_note "$(jq -r \
			--arg ip "$(target_address "$name")" \
			'select(.input == $ip) | .reason, .transcript[]' "$dir/all" | tail -n 60)"
	done
}

# --- what one of them is asked ---

check_time() { # NAME
	local begin end
	begin=$(milliseconds)
	tap_status "$1, alone: status 0" 0 probe "$1"
	end=$(milliseconds)
	tap_like "$1, alone: closed" ': closed: all 4[0-9] cases refused' "$tap_output"
	tap_ok "$1, alone: in less than a second ($((end - begin)) ms)" test $((end - begin)) -lt 1000
}

# Which of these cases does the server fall for?
check_cases() { # NAME CASES WANTED
	probe_json --all --cases "$2" "$1"
	tap_is "$1: of $2 relayed" "$3" "$(one '[.cases[] | select(.arrived) | .case] | join(" ")')"
}

check_starttls() {
	probe_json postfix-tls
	tap_like 'postfix-tls: what was negotiated is told' 'TLSv1\.[23]' "$(one '.tls')"
	probe_json --no-starttls postfix-tls
	tap_is 'postfix-tls: --no-starttls: undecided' undecided "$(one '.verdict')"
}

check_second_source() {
	probe_json --second-source "$prober2" postfix-dnsbl
	tap_is 'postfix-dnsbl: open for another source' open "$(one '.verdict')"
	tap_is 'postfix-dnsbl: the result of each source' \
		"$prober=untestable $prober2=open" \
		"$(one '[.probes[] | (.source_address) + "=" + .verdict] | join(" ")')"
	tap_status 'postfix-client: status 2' 2 probe --second-source "$prober2" postfix-client
	tap_like 'postfix-client: discriminates' \
		": discriminates: untestable to $prober, closed to $prober2\$" \
		"$(tail -n 1 <<<"$tap_output")"
	probe_json --second-source "$prober2" postfix-open
	tap_is 'postfix-open: proved, no second probe' "$prober null" "$(one '.source_address, .probes' | xargs)"
	probe_json --second-source "$prober2" postfix-reject
	tap_is 'postfix-reject: closed to both' closed "$(one '.verdict')"
}

# The evidence is the message itself: who handed it on is in its header.
check_evidence() {
	probe_json postfix-front
	tap_like 'postfix-front: the header has both hops' "$(target_address postfix-front)" \
		"$(one '.cases[] | select(.arrived) | .headers[]' | grep -i '^received\|^[[:blank:]]')"
	tap_is 'postfix-front: input and output' \
		"$(target_address postfix-front) $(target_address postfix-smart)" \
		"$(one '.input + " " + (.outputs | join(" "))')"
}

check_callouts() {
	tap_ok 'postfix-verify asked our collector' grep -q 'status=deliverable' \
		"$(lab_postfix_log postfix-verify.example.net)"
}

main() {
	lab_begin || tap_bail 'no laboratory'
	dir=$lab_run/test
	mkdir "$dir"
	printf '%s\n' "collector.listen = \"$collector@25\"" "probe.source = \"$prober\"" \
		'probe.helo = "relay-test.example.org"' 'probe.allow = {"192.0.2.0/24"}' \
		'probe.retry_after = 4s' >"$dir/conf"
	targets_start || tap_bail 'a server did not start'
	tap_note "all servers run after $SECONDS s"
	check_all
	check_time postfix-stock
	check_time postfix-reject
	check_cases opensmtpd-from P06,P07,P08 'P07-fhost P06-bare'
	check_cases sendmail-from P05,P06,P07,P08 'P07-fhost P05-localhost'
	check_cases postfix-open P01,P11,P12,P24,P32 'P01-plain P11-pct-host P24-bang-bare P32-substr'
	check_starttls
	check_second_source
	check_evidence
	check_callouts
	tap_done
}

[ -x /usr/sbin/unbound ] || tap_bail 'unbound is needed'
# Port 25 and addresses of our own: the rest runs in a network of its own.
if [ "${1:-}" != inside ]; then
	lab_fetch postfix "${lab_more_packages[@]}" || tap_bail 'no packages'
	lab_network "$0" inside
fi
main
