# probe_scripted.sh - orbl probe against many kinds of servers, each with a known truth.
. "${top_srcdir:?}/tests/tap.sh"

orbl=$top_builddir/orbl
net=127.25.1
port=2625
work=$(mktemp -d)
servers=
stop() {
	exec 9>&-
	[ -z "$servers" ] || wait "$servers"
	servers=
}
trap 'stop; rm -rf "$work"' EXIT

command -v python3 >"$work/python" || tap_bail 'python3 is needed'
printf 'probe.session_timeout = 3\nprobe.reply_timeout = 3\nprobe.opt_out = {"%s.250"}\n' "$net" \
	>"$work/conf"

kinds=$(grep -v '^#' "$top_srcdir/tests/system/probe_scripted/kinds")

start() { # KIND...: the first at .11, the second at .12 ...
	local n=10 arguments=() kind
	for kind in "$@"; do
		n=$((n + 1))
		arguments+=("$kind=$net.$n:$port")
	done
	rm -f "$work/fifo"
	mkfifo "$work/fifo"
	python3 "$top_srcdir/tests/tools/smtp_script.py" "$net.1:$port" probe.test "$work/report" \
		"${arguments[@]}" <"$work/fifo" >"$work/ready" &
	servers=$!
	exec 9>"$work/fifo"
	for _ in $(seq 100); do
		grep -q ready "$work/ready" && return
		sleep 0.1
	done
	tap_bail 'the scripted servers do not start'
}

probe() {
	timeout 60 "$orbl" probe -c "$work/conf" --collector "$net.1:$port" --allow 127.0.0.0/8 \
		--wait 2 --retry-after 1 "$@"
}

counted() { # KIND WHAT
	sed -n "s/^$1 .*\b$2=\([0-9]*\).*/\1/p" "$work/report"
}

# --- every kind, all in one run ---
names=$(printf '%s\n' "$kinds" | awk '{print $1}')
# shellcheck disable=SC2086
start $names
targets=$(n=10; for _ in $names; do n=$((n + 1)); echo "$net.$n:$port"; done)
status=0
# shellcheck disable=SC2086
probe --json $targets >"$work/out" 2>"$work/err" || status=$?
tap_is 'exit status 1: some are open' 1 "$status"
tap_is 'nothing on standard error' '' "$(cat "$work/err")"
n=10
while read -r kind verdict case output; do
	n=$((n + 1))
	[ "$output" != . ] || output=$net.$n
	[ "$output" != - ] || output=
	[ "$case" != - ] || case=
	got=$(jq -r --arg t "$net.$n:$port" 'select(.target == $t) | [.verdict, .input,
		(.outputs | join(" ")), ([.cases[] | select(.arrived) | .case] | join(" "))] |
		join("|")' "$work/out")
	tap_is "$kind: $verdict" "$verdict|$net.$n|$output|$case" "$got"
done <<<"$kinds"
stop

# --- manners, by the servers' own count ---
for kind in $names; do
	tap_is "$kind: one connection at a time" 1 "$(counted "$kind" most)"
done
for kind in open closed greylist percent blackhole limit421 heloonly imcea auth; do
	tap_ok "$kind: at most 9 refusals a connection" test "$(counted "$kind" refused)" -le 9
done
for kind in open heloonly teaser greylist percent imcea nullsender multihop; do
	tap_is "$kind: one message is proof enough" 1 "$(counted "$kind" messages)"
done
for kind in closed open slow unwelcome auth callout blackhole; do
	tap_is "$kind: each connection ends with QUIT" "$(counted "$kind" connections)" \
		"$(counted "$kind" quits)"
done
tap_ok 'blackhole: messages have a limit' test "$(counted blackhole messages)" -le 15
tap_is 'closed: forms with the same sender have the same token in it' 10 "$(counted closed senders)"
tap_is 'greylist: the retry has the same senders and recipients' 45 "$(counted greylist triplets)"
tap_is 'unwelcome: not asked again' 1 "$(counted unwelcome connections)"
tap_ok 'dropper: few connections' test "$(counted dropper connections)" -le 3

# --- one target, as text ---
start open closed
tap_status 'open: status 1' 1 probe "$net.11:$port"
tap_like 'open: the dialogue is shown' '^20.* > RCPT TO:<' "$tap_output"
tap_like 'open: the last line says so' \
	"^$net.11:$port: open: P01-plain .* came back from $net.11\$" \
	"$(tail -n 1 <<<"$tap_output")"
begin=$(date +%s%N)
tap_status 'closed: status 0' 0 probe "$net.12:$port"
end=$(date +%s%N)
tap_like 'closed: the last line says so' "^$net.12:$port: closed: all 45 cases refused" \
	"$(tail -n 1 <<<"$tap_output")"
tap_ok 'closed: in less than a second' test $(((end - begin) / 1000000)) -lt 1000

# --- options ---
tap_status '--cases' 0 probe --json --cases P11,p02-null "$net.12:$port"
tap_is '--cases: only these, in their order' 'P02-null P11-pct-host' \
	"$(jq -r '[.cases[].case] | join(" ")' <<<"$tap_output")"
tap_status '--all' 1 probe --json --all --cases P01,P02,P21 "$net.11:$port"
tap_is '--all: every case came back' 'P01-plain P02-null P21-route-host' \
	"$(jq -r '[.cases[] | select(.arrived and .output == "'"$net.11"'") | .case] | join(" ")' \
		<<<"$tap_output")"
tap_status '--helo, --source, --collector-domain' 0 probe --helo me.example.net \
	--source "$net.200" --collector-domain other.test --cases P01 "$net.12:$port"
tap_like '--helo is said' '> EHLO me.example.net' "$tap_output"
tap_like '--collector-domain is used' '> RCPT TO:<[a-z2-7]{28}@other.test>' "$tap_output"
tap_like 'from where is said' "connecting to $net.12:$port from $net.200\$" "$tap_output"
tap_status 'a source that is not ours' 2 probe --source 203.0.113.9 --cases P01 "$net.12:$port"
tap_is 'is told before anything is probed' \
	'orbl probe: --source: 203.0.113.9 is not an address of this machine' "$tap_output"
tap_status 'a second source that is not ours' 2 probe --second-source 203.0.113.9 "$net.12:$port"
tap_is 'is told, too' \
	'orbl probe: --second-source: 203.0.113.9 is not an address of this machine' "$tap_output"
tap_status 'a second source that is the first' 2 probe --source "$net.200" \
	--second-source "$net.200" "$net.12:$port"
tap_like 'is none' "^orbl probe: --second-source: $net.200 is " "$tap_output"
tap_status 'a second source of the other family' 0 probe --second-source ::1 --cases P01 \
	"$net.12:$port"
tap_like 'is left out, with a note' '\* not probed from the second source: ::1 is not of' "$tap_output"
tap_like 'is left out: the verdict is of one' "^$net.12:$port: closed: all 1 cases" \
	"$(tail -n 1 <<<"$tap_output")"
tap_status 'the same host twice' 0 probe "$net.12:$port" "$net.12:$port"
tap_status 'several: open and refused ones' 1 probe "$net.12:$port" mx.example.net "$net.11:$port" \
	"$net.250:$port"
tap_is 'several: a table of verdicts comes last, in the order given' \
	"$net.12:$port closed/mx.example.net not/$net.11:$port open/$net.250:$port not" \
	"$(tail -n 4 <<<"$tap_output" | awk '{print $1, $2}' | paste -sd /)"
tap_like 'several: why one was not probed' "^$net.250:$port +not probed +$net.250 has opted out" \
	"$(tail -n 1 <<<"$tap_output")"
tap_status 'several: none of them open' 2 probe --cases P01 "$net.12:$port" "$net.99:$port"
tap_like 'several: unreachable in the table' "^$net.99:$port +unreachable  " \
	"$(tail -n 1 <<<"$tap_output")"
tap_status 'several, --json: no table' 0 probe --json --cases P01 "$net.12:$port" "$net.12:$port"
tap_is 'several, --json: objects only' 2 "$(wc -l <<<"$tap_output")"
status=0
probe --json "$net.12:$port" >&- 2>"$work/err" || status=$?
tap_is 'closed standard output: status 2' 2 "$status"
tap_like 'closed standard output: says so' 'standard output' "$(cat "$work/err")"
if [ -e /dev/full ]; then
	status=0
	probe --json "$net.12:$port" >/dev/full 2>"$work/err" || status=$?
	tap_is 'output cannot be written: status 2' 2 "$status"
	tap_like 'output cannot be written: says so' 'standard output: ' "$(cat "$work/err")"
fi
tap_status 'nobody there' 2 probe "$net.99:$port"
tap_like 'nobody there: unreachable' "^$net.99:$port: unreachable: .*refused" "$tap_output"
stop
tap_is 'the same host twice: one connection at a time' 1 "$(counted closed most)"

# --- a second source, STARTTLS, several targets on a terminal ---
start open closed starttlsopen
tap_status '--second-source: closed to both' 0 probe --second-source "$net.200" "$net.12:$port"
tap_like '--second-source: the first result' "^$net.12:$port: from 127.0.0.1: closed: " \
	"$tap_output"
tap_like '--second-source: the second result' "^$net.12:$port: from $net.200: closed: " "$tap_output"
tap_like '--second-source: the verdict' "^$net.12:$port: closed: all 4[0-9] cases refused" \
	"$(tail -n 1 <<<"$tap_output")"
tap_status '--second-source, --json' 0 probe --json --second-source "$net.200" --cases P01 \
	"$net.12:$port"
tap_is '--second-source, --json: both probes' "closed first 127.0.0.1 closed second $net.200 closed" \
	"$(jq -r '[.verdict, (.probes[] | .source, .source_address, .verdict)] |
		map(. // "null") | join(" ")' <<<"$tap_output")"
tap_status '--second-source: open needs no second probe' 1 probe --json --second-source "$net.200" \
	"$net.11:$port"
tap_is '--second-source: open needs no second probe: one result' null \
	"$(jq -r .probes <<<"$tap_output")"
tap_status '--no-starttls' 2 probe --json --no-starttls "$net.13:$port"
tap_is '--no-starttls: undecided' undecided "$(jq -r .verdict <<<"$tap_output")"
tap_status 'STARTTLS' 1 probe --json "$net.13:$port"
tap_like 'STARTTLS: what was negotiated is told' '^TLSv1.*CN=mx.example.net' \
	"$(jq -r .tls <<<"$tap_output")"
export -f probe
export orbl work net port
# script(1) runs $SHELL, which need not be set, and sh knows no exported functions.
tap_ok 'on a terminal' env TERM=xterm SHELL="$BASH" timeout 60 script -qec \
	"probe $net.12:$port $net.12:$port" /dev/null
tap_like 'on a terminal: how many have a verdict' '1 of 2 targets have a verdict' "$tap_output"
stop

# --- without a connection ---
start closed
tap_status '--dry-run' 0 probe --dry-run --source "$net.200" "$net.11:$port" "$net.11"
tap_like '--dry-run: each target' "^$net.11:25, from $net.200\$" "$tap_output"
tap_is '--dry-run: each test but the one that reaches a human, for each target' 90 \
	"$(grep -c '^P.* RCPT TO:' <<<"$tap_output")"
tap_like '--dry-run: with tokens' '^P11-pct-host +RCPT TO:<[a-z2-7]{28}%probe.test@HOST>' \
	"$tap_output"
tap_is '--dry-run: the message' 2 "$(grep -c "^Subject: relay test of $net.11 by" <<<"$tap_output")"
tap_status '--dry-run --json' 0 probe --dry-run --json --cases P01,P44 "$net.11"
tap_is '--dry-run --json: the recipient before' \
	'P01-plain null P44-mixed <postmaster@HOST>' \
	"$(jq -r '[.cases[] | .case, .before_rcpt // "null"] | join(" ")' <<<"$tap_output")"
tap_status '--dry-run: a network that may not be probed' 2 probe --dry-run 192.168.1.1
tap_status '--cases help' 0 "$orbl" probe --cases help
tap_like '--cases help: what it finds' '^P28-imcea +Exchange' "$tap_output"
tap_like '--cases help: what it sends' 'MAIL FROM:<\$F@\$H>  RCPT TO:<\$U%\$D@\$H>' "$tap_output"
tap_status '--cases help --json' 0 "$orbl" probe --cases help --json
tap_is '--cases help --json: all of them' 46 "$(jq -s 'map(.case) | unique | length' \
	<<<"$tap_output")"
while read -r row; do
	tap_ok "docs/probing.md has ${row:2:3}" grep -qxF -- "$row" "$top_srcdir/docs/probing.md"
done < <(jq -r '"| \(.case) | `\(.mail_from)` | " + if .before_rcpt then "`\(.before_rcpt)`, then "
	else "" end + "`\(.rcpt_to | ltrimstr(" "))` | \(.finds) |"' <<<"$tap_output")
stop
tap_is '--dry-run: no connection' 0 "$(counted closed connections)"

# --- what may not be probed ---
start closed
status=0
timeout 60 "$orbl" probe -c "$work/conf" --collector "$net.1:$port" --allow "$net.11" \
	"$net.11:$port" "$net.12:$port" >"$work/out" 2>"$work/err" || status=$?
tap_is 'reserved network: status 2' 2 "$status"
tap_like 'reserved network: the message names the remedy' \
	"$net.12 is in a private or reserved network.*--allow" "$(cat "$work/err")"
tap_like 'reserved network: the others still run' "^$net.11:$port: closed" "$(cat "$work/out")"
tap_status 'opted out: status 2' 2 probe "$net.250"
tap_like 'opted out: says so' "$net.250 has opted out" "$tap_output"
cp "$work/conf" "$work/conf.before"
printf 'probe.opt_out_file = "%s"\nprobe.port = %s\n' "$work/opt-out" "$port" >>"$work/conf"
printf '# asked by mail\n%s.12/31\n' "$net" >"$work/opt-out"
tap_status 'opted out in the file: status 2' 2 probe "$net.13"
tap_like 'opted out in the file: says so' "$net.13 has opted out of probes \($net.12/31\)" \
	"$tap_output"
tap_status 'not in the file; probe.port is the port' 0 probe --cases P01 "$net.11"
tap_like 'probe.port is the port' "^$net.11:$port: closed" "$(tail -n 1 <<<"$tap_output")"
echo "$net.11 and others" >"$work/opt-out"
tap_status 'a bad opt-out file: nobody is probed' 2 probe "$net.11"
tap_like 'a bad opt-out file: which line' "opt-out:1" "$tap_output"
rm "$work/opt-out"
tap_status 'a missing opt-out file: nobody is probed' 2 probe "$net.11"
mv "$work/conf.before" "$work/conf"
stop

# --- usage ---
tap_status 'no target' 2 "$orbl" probe
tap_status 'a target that is a name' 2 probe mx.example.net
tap_like 'a target that is a name: says that none is looked up' \
	'"mx.example.net" is a name, and none is looked up' "$tap_output"
tap_status 'another name' 2 probe bad.de
tap_like 'another name: says so' '"bad.de" is a name' "$tap_output"
tap_status 'a target that is none' 2 probe 1.2.3
tap_status 'a bad second source' 2 probe --second-source here "$net.11"
tap_status 'an unknown option' 2 probe --nonsense
tap_status 'an unknown case' 2 probe --cases P99 "$net.11"
tap_like 'an unknown case is named' '"P99"' "$tap_output"
tap_status 'an empty case' 2 probe --cases P01, "$net.11"
tap_like 'an empty case is told' 'no relay test is called ""' "$tap_output"
tap_status 'a bad number' 2 probe --wait soon "$net.11"
tap_status 'a bad network' 2 probe --allow nowhere "$net.11"
tap_status 'a collector that is not ours' 2 probe --collector 198.51.100.1:25 "$net.11"
tap_like 'a collector that is not ours: says so' 'cannot listen on 198.51.100.1' "$tap_output"
tap_like 'a collector that is not ours: the remedy' '--collector ADDR@PORT or collector.listen' \
	"$tap_output"
cp "$work/conf" "$work/conf.before"
printf 'collector.tls_certificate = "%s"\n' "$work/none.crt" >>"$work/conf"
tap_status 'no certificate' 2 probe "$net.11"
tap_like 'no certificate: says so' "cannot read $work/none.crt: No such file" "$tap_output"
mv "$work/conf.before" "$work/conf"
tap_status 'help' 0 "$orbl" probe --help
tap_like 'help tells the exit status' 'Exit status: 0' "$tap_output"
tap_done
