#!/bin/bash
# demo.sh [--once] - the whole at work: two logs that Postfix wrote are submitted, the hosts that
# both name are tested, and the list is asked over DNS. Exit status 0: all is as it must be.
#
# The hosts are played by tests/tools/relay_host. Run by `./bootstrap run`.
set -u
: "${top_srcdir:?}" "${top_builddir:?}"
. "${top_srcdir:?}/tests/tap.sh" # for what orbl_lab.sh says when a daemon does not start
. "$top_srcdir/tests/tools/orbl_lab.sh"
. "$top_srcdir/tests/tools/dns_ask.sh"

# address | what it is | verdict | category | answer of the base zone | of all.ZONE
hosts=(
	'127.0.10.1|Exchange IMS as installed|open|relay|127.0.0.2|127.0.0.2'
	'127.0.10.2|IMS with an allow list|closed|-|NXDOMAIN|NXDOMAIN'
	'127.0.10.3|IMS, do not reroute|bounces|bouncer|NXDOMAIN|127.0.0.7'
	'127.0.10.4|closed, but user%domain@host|open|relay|127.0.0.2|127.0.0.2'
	'127.0.10.5|accepts all, delivers nothing|accepts|-|NXDOMAIN|NXDOMAIN'
	'127.0.10.6|open; named by mx1 only|-|-|NXDOMAIN|NXDOMAIN'
	'127.0.10.7|open; named by mx2 only|-|-|NXDOMAIN|NXDOMAIN'
)
probes_wanted=5
probes_limit_s=180
wrong=0

say() {
	printf '%s\n' "$*"
}

title() {
	printf '\n== %s\n' "$*"
}

give_up() {
	say "demo: $*" >&2
	[ -z "$orbl_dir" ] || tail -n 15 "$orbl_dir"/*.log >&2
	exit 1
}

# --- the stage ---

write_policies() { # DIR
	printf 'relay_flags = absent\n' | tee "$1/127.0.10.1.policy" >"$1/as-installed.policy"
	printf '%s\n' 'relay_flags = 2' 'relay_allow = 192.168.1.0;255.255.255.0' \
		'local_domain = inside.test' >"$1/allow-list.policy"
	printf 'routing = do-not-reroute\nlocal_domain = inside.test\n' >"$1/do-not-reroute.policy"
}

start_hosts() {
	local dir=$orbl_dir
	write_policies "$dir"
	orbl_spawn hosts "$top_builddir/tests/tools/relay_host" -v --port "$orbl_probe_port" \
		--smarthost "127.0.0.1:$orbl_collector_port" \
		"127.0.10.1=$dir/127.0.10.1.policy" \
		"127.0.10.2=$dir/allow-list.policy" \
		"127.0.10.3=$dir/do-not-reroute.policy" \
		"127.0.10.4=$dir/allow-list.policy,percent" \
		"127.0.10.5=$dir/as-installed.policy,discard" \
		"127.0.10.6=$dir/as-installed.policy" \
		"127.0.10.7=$dir/as-installed.policy"
	orbl_wait 20 grep -q '^ready' "$dir/hosts.log" || give_up 'the hosts did not start'
}

start() {
	title 'Start: orbl-analyzer, orbl-dnsd, and seven mail hosts to test'
	# The sample logs may be old, and nobody wants to wait ten minutes for a message here.
	orbl_begin 'score.half_life = 3650d' 'score.max_age = 3650d' 'probe.wait = 3s'
	orbl_start_analyzer
	orbl_start_dnsd
	start_hosts
	say "configuration  $orbl_dir/orbl.conf"
	say "DNS            127.0.0.1 port $orbl_dns_port, zone dnsbl.test"
	say "hosts          127.0.10.1 to 127.0.10.7, port $orbl_probe_port"
}

all_alive() {
	local pid
	for pid in "${orbl_pids[@]}"; do
		kill -0 "$pid" 2>/dev/null || return
	done
}

# --- the play ---

submit() {
	local reporter
	title 'Submit what two mail servers logged'
	cd "$top_srcdir/tests/samples" || exit
	for reporter in mx1 mx2; do
		orbl submit --reporter "$reporter" "$reporter.log" ||
			give_up 'a log was not taken'
	done
}

progress() {
	jq -r '"\(.probes_waiting) waiting, \(.probes_running) running, \(.probes_done) done"' \
		<<<"$1"
}

wait_for_probes() {
	local status line shown='' start=$SECONDS
	title 'Probe the hosts that both name'
	while :; do
		status=$(orbl status --json) || give_up 'the analyzer does not answer'
		line=$(progress "$status")
		[ "$line" = "$shown" ] || printf '%3d s  %s\n' $((SECONDS - start)) "$line"
		shown=$line
		[[ $line != "0 waiting, 0 running, $probes_wanted done" ]] || return 0
		[ $((SECONDS - start)) -lt "$probes_limit_s" ] || give_up "the probes take too long"
		all_alive || give_up 'a program has ended'
		sleep 0.3
	done
}

# --- the result ---

expect() { # WHAT WANTED GOT
	[ "$2" = "$3" ] && return
	say "  WRONG: $1 must be '$2', is '$3'"
	wrong=$((wrong + 1))
}

# dnsd takes up a new list a moment after it is published.
answers() { # NAME WANTED
	[ "$(dns_ask "$1")" = "$2" ]
}

expect_dns() { # NAME WANTED
	orbl_wait 5 answers "$1" "$2"
	expect "A of $1" "$2" "$(dns_ask "$1")"
}

show_host() { # ROW
	local address what verdict category base all fact got reason
	IFS='|' read -r address what verdict category base all <<<"$1"
	fact=$(orbl explain --json "$address")
	read -r -a got < <(jq -r '[.probes[0].verdict // "-", .listings[0].category // "-",
		.listings[0].code // "-"] | join(" ")' <<<"$fact")
	reason=$(jq -r '.probes[0].reason // ("not probed: " + .score.decision)' <<<"$fact")
	printf '%-11s %-30s %-8s %-8s %-10s\n' "$address" "$what" "${got[@]:0:3}"
	say "            $reason"
	expect "verdict of $address" "$verdict" "${got[0]}"
	expect "category of $address" "$category" "${got[1]}"
	expect_dns "$(dns_name "$address")" "$base"
	expect_dns "$(dns_name "$address" all)" "$all"
}

show_results() {
	local row
	title 'Result'
	printf '%-11s %-30s %-8s %-8s %-10s\n' address 'what it is' verdict listed code
	for row in "${hosts[@]}"; do
		show_host "$row"
	done
	expect_dns "$(dns_name 127.0.0.2)" 127.0.0.2
	expect_dns "$(dns_name 127.0.0.1)" NXDOMAIN
}

show_what_next() {
	local conf=$orbl_dir/orbl.conf command=$top_builddir/orbl
	local dig="dig @127.0.0.1 -p $orbl_dns_port"
	title 'Try next'
	say "$dig $(dns_name 127.0.10.1) A"
	say "$dig $(dns_name 127.0.10.1) TXT"
	say "$dig $(dns_name 127.0.10.3 bouncers) A"
	say "$command check -c $conf 127.0.10.1"
	say "$command explain -c $conf 127.0.10.4"
	say "$command list -c $conf"
	say "$command delist -c $conf 127.0.10.1"
	say
	say 'Close 127.0.10.1, and have it removed:'
	say "printf 'relay_flags = 0\\n' >$orbl_dir/127.0.10.1.policy"
	say "kill -HUP ${orbl_pids[hosts]} && $command delist -c $conf 127.0.10.1"
}

wait_for_user() {
	title 'Everything keeps running. Ctrl-C ends it and removes the temporary directory.'
	while all_alive; do
		sleep 1
	done
	give_up 'a program has ended'
}

main() {
	local once=${1:-}
	case $once in
	''|--once) ;;
	*) say 'usage: demo.sh [--once]' >&2; exit 2 ;;
	esac
	trap orbl_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	start
	submit
	wait_for_probes
	show_results
	[ "$wrong" = 0 ] || give_up "$wrong answers are not what they must be"
	say
	say 'Everything is as it must be.'
	[ "$once" != --once ] || return 0
	show_what_next
	trap 'echo; exit 0' INT
	wait_for_user
}

main "$@"
