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

# kind, verdict, case that came back, address it came back from (. is the tested one)
kinds='open            open          P01-plain      .
closed          closed        -              -
slow            closed        -              -
defer           closed        -              -
blackhole       accepts       -              -
bouncer         bounces       -              -
bouncertorcpt   bounces       -              -
multihop        open-multihop P01-plain      127.0.0.99
greylist        open          P01-plain      .
greylistclosed  undecided     -              -
unwelcome       untestable    -              -
unwelcomehelo   untestable    -              -
rejectdata      closed        -              -
rejectdot       closed        -              -
tarpit          undecided     -              -
silent          undecided     -              -
dropper         undecided     -              -
dropafterthree  open          P13-pct-ip     .
limit421        open          P13-pct-ip     .
early421        open          P13-pct-ip     .
busy            undecided     -              -
garbage         undecided     -              -
endless         undecided     -              -
longline        undecided     -              -
outofturn       undecided     -              -
heloonly        open          P01-plain      .
helodrop        open          P01-plain      .
teaser          open          P01-plain      .
split           open          P01-plain      .
senderdomain    open          P07-fhost      .
senderparent    open          P08-fparent    .
nullsender      open          P02-null       .
percent         open          P11-pct-host   .
percentip       open          P13-pct-ip     .
bang            open          P24-bang-bare  .
quoted          open          P18-qat        .
route           open          P21-route-host .
imcea           open          P28-imcea      .
dot             open          P31-dot        .
starttls        undecided     -              -
auth            closed        -              -
callout         closed        -              -'

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
tap_status 'a source that is not ours' 0 probe --source 192.0.2.99 --cases P01 "$net.12:$port"
tap_like 'is told with the reason' 'Cannot assign requested address; the source must be' "$tap_output"
tap_status 'the same host twice' 0 probe "$net.12:$port" "$net.12:$port"
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
tap_status 'nobody there' 0 probe "$net.99:$port"
tap_like 'nobody there: unreachable' "^$net.99:$port: unreachable: .*refused" "$tap_output"
stop
tap_is 'the same host twice: one connection at a time' 1 "$(counted closed most)"

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
stop

# --- usage ---
tap_status 'no target' 2 "$orbl" probe
tap_status 'a target that is none' 2 probe example.net
tap_status 'an unknown option' 2 probe --nonsense
tap_status 'an unknown case' 2 probe --cases P99 "$net.11"
tap_like 'an unknown case is named' '"P99"' "$tap_output"
tap_status 'a bad number' 2 probe --wait soon "$net.11"
tap_status 'a bad network' 2 probe --allow nowhere "$net.11"
tap_status 'a collector that is not ours' 2 probe --collector 198.51.100.1:25 "$net.11"
tap_like 'a collector that is not ours: says so' 'cannot listen on 198.51.100.1' "$tap_output"
tap_status 'help' 0 "$orbl" probe --help
tap_like 'help tells the exit status' 'Exit status: 0' "$tap_output"
tap_done
