#!/bin/bash
# policy_compare.sh - a policy beside what orbl probe finds at a server that follows it, and at one
# that does not.
. "${top_srcdir:?}/tests/tap.sh"

orbl=$top_builddir/orbl
policies=$top_srcdir/tests/golden/policy
net=127.47.3
work=$(mktemp -d) || tap_bail 'no temporary directory'
host=
stop() {
	[ -z "$host" ] || { kill "$host" && wait "$host"; } 2>/dev/null
	host=
}
trap 'stop; rm -rf "$work"' EXIT
printf 'collector.domain = "probe.test"\n' >"$work/conf"

ready() {
	for _ in $(seq 100); do
		grep -q '^ready' "$work/listening" && return
		kill -0 "$host" 2>/dev/null || return
		sleep 0.1
	done
	return 1
}

start() { # HOST... : on the first port that is free
	for port in $(seq 26900 13 27200); do
		: >"$work/listening"
		"$top_builddir/tests/tools/relay_host" --smarthost "$net.1:$port" --port "$port" "$@" \
			>"$work/listening" 2>"$work/log" &
		host=$!
		ready && return
		stop
	done
	tap_bail "no relay host: $(tail -n 1 "$work/log")"
}

compare() { # POLICY LAST-OCTET [OPTION]...
	local policy=$policies/$1.policy target=$net.$2:$port
	shift 2
	"$orbl" policy compare "$policy" "$work/results" --target "$target" "$@"
}

start "$net.10=$policies/as-installed.policy" "$net.11=$policies/closed.policy" \
	"$net.12=$policies/do-not-reroute.policy" \
	"$net.13=$policies/unfixed.policy,name=mail.inbound.example" \
	"$net.14=$policies/closed.policy,percent" "$net.15=$policies/closed.policy,reject-connect"
status=0
timeout 120 "$orbl" probe -c "$work/conf" --json --all --collector "$net.1:$port" --source "$net.2" \
	--allow 127.0.0.0/8 --wait 5 --retry-after 1 \
	"$net".{10,11,12,13,14,15}":$port" >"$work/results" 2>"$work/err" || status=$?
tap_is 'the probe finds open relays' 1 "$status"
tap_is 'a result for each' 6 "$(wc -l <"$work/results")"

tap_status 'as installed: nothing differs' 0 compare as-installed 10
tap_like 'what came back is equal' '^0 different, .* [1-9][0-9]* equal' "$tap_output"
tap_like 'the client is the probe, from inside' \
	"^Tested from inside \($net\.2\): predicted for that client" "$tap_output"
tap_status 'closed: nothing differs' 0 compare closed 11
tap_like 'all is equal' '^0 different, 0 cannot tell' "$tap_output"
tap_status 'do not reroute: nothing differs' 0 compare do-not-reroute 12
tap_like 'bounces are equal' '^0 different, .* [1-9][0-9]* equal' "$tap_output"
tap_status 'without the fix: nothing differs' 0 compare unfixed 13
tap_like 'the hole is predicted' '^0 different, 0 cannot tell' "$tap_output"
tap_status 'the encapsulated address is the hole' 0 compare unfixed 13 --all
tap_like 'and it is equal' '^  equal +P29-imcea-parent +policy relayed +server relayed' "$tap_output"

tap_status 'a hole that the policy does not know' 1 compare closed 14
tap_like 'differs' '^DIFFERENT: it relays although the policy denies' "$tap_output"
tap_like 'by the percent hack' '^  P11-pct-host' "$tap_output"
tap_status 'another policy than the server has' 1 compare as-installed 11
tap_like 'differs, too' '^DIFFERENT: it refuses what the policy relays' "$tap_output"
tap_status 'bounces that the policy denies' 1 compare closed 12
tap_like 'differ' '^DIFFERENT: it accepts and bounces what the policy denies' "$tap_output"
tap_status 'the client decides' 1 compare closed 11 --client 192.168.1.9
tap_like 'the client was given' '^The policy was asked for a client at 192\.168\.1\.9' "$tap_output"
tap_status 'who refuses the tester cannot be compared' 2 compare closed 15
tap_status 'which target?' 2 "$orbl" policy compare "$policies/closed.policy" "$work/results"

# A server that relays for its own network, probed from there with no --source.
sed 's/10\.1\.0\.0;255\.255\.0\.0/127.0.0.0;255.0.0.0/' "$policies/closed.policy" >"$work/inside.policy"
stop
start "$net.16=$work/inside.policy"
tap_status 'from inside it is open' 1 timeout 60 "$orbl" probe -c "$work/conf" --json --all \
	--collector "$net.1:$port" --allow 127.0.0.0/8 --wait 5 --retry-after 1 "$net.16:$port"
printf '%s\n' "$tap_output" >"$work/results"
tap_is 'the address that the system took is known' 127.0.0.1 \
	"$(jq -r .source_address "$work/results")"
tap_status 'no difference: the policy trusts that client' 0 "$orbl" policy compare \
	"$work/inside.policy" "$work/results"
tap_like 'it is said' '^Tested from inside \(127\.0\.0\.1\): predicted for that client' "$tap_output"
tap_done
