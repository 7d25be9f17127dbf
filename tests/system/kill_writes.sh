#!/bin/bash
# kill_writes.sh - the analyzer is killed at one of its writes after the other: to the store, the
# audit log, the key, the published list. What was acknowledged is never lost, the audit log is
# whole, and DNS says what the store says.
#
# A run is: two reports, a listing by a probe, a delisting on request, a second host listed and
# exempted by the operator. It has a few hundred writes; KILL_WRITES of them (default 12) are
# taken, evenly. KILL_WRITES=all takes each; every second one is torn in its middle.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"

points=${KILL_WRITES:-12}
state= # folder of one run, below orbl_dir
hosts='127.0.11.1 127.0.11.2'

orbl_begin 'probe.interval = 0' 'probe.per_minute = 1000' 'delist.requests_per_day = 1000'
state=$orbl_dir/state
for option in store.path=orbl.db audit.file=audit.jsonl audit.key=audit.key \
	zone.snapshot=orbl.snapshot; do
	sed -i "s|^${option%=*} = .*|${option%=*} = \"$state/${option#*=}\"|" "$orbl_dir/orbl.conf"
done
for host in $hosts; do printf 'relay_flags = absent\n' >"$orbl_dir/$host.policy"; done
orbl_spawn host "$top_builddir/tests/tools/relay_host" \
	--smarthost "127.0.0.1:$orbl_collector_port" --port "$orbl_probe_port" \
	"127.0.11.1=$orbl_dir/127.0.11.1.policy" "127.0.11.2=$orbl_dir/127.0.11.2.policy"
orbl_wait 10 grep -q '^ready' "$orbl_dir/host.log" || tap_bail 'relay_host does not start'

# --- a run --------------------------------------------------------------------

relays() { # HOST yes|no
	if [ "$2" = yes ]; then flags=absent; else flags=0; fi
	printf 'relay_flags = %s\n' "$flags" >"$orbl_dir/$1.policy"
	kill -HUP "${orbl_pids[host]}"
	sleep 0.05
}

begin_run() {
	rm -rf "$state"
	mkdir "$state"
	for host in $hosts; do
		relays "$host" yes
		for reporter in mx1 mx2; do
			orbl_denial "$host" "$reporter" >"$orbl_dir/$reporter.$host.log"
		done
	done
	acknowledged=
}

start_killed() { # N [HALF]
	orbl_spawn analyzer env LD_PRELOAD="$top_builddir/tests/tools/kill_at_write.so" \
		ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" \
		KILL_AT_WRITE_BELOW="$state" KILL_AT_WRITE="$1" KILL_AT_WRITE_HALF="${2:-}" \
		KILL_AT_WRITE_COUNT="$orbl_dir/count" \
		"$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf"
}

is_alive() { kill -0 "${orbl_pids[analyzer]:-0}" 2>/dev/null; }

# As orbl_wait, but not for one that is dead.
await() { # CMD...
	local end=$((SECONDS + 30))
	until "$@" >/dev/null 2>&1; do
		is_alive && [ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

is_listed() { orbl check "$1"; [ $? = 1 ]; }
is_not_listed() { orbl check "$1"; }
answers() { orbl status --json; }

# A step whose success is an acknowledgement.
step() { # NAME CMD...
	local name=$1
	shift
	"$@" >/dev/null 2>&1 || return 1
	acknowledged="$acknowledged $name"
}

submit() { # REPORTER HOST
	step "submit:$1.$2" orbl submit --reporter "$1" "$orbl_dir/$1.$2.log"
}

sql() { sqlite3 "$state/orbl.db" "$1"; }

# What was stored without being acknowledged is carried out, too.
is_listed_or_asked() { # HOST TABLE
	is_listed "$1" || [ "$(sql "SELECT count(*) FROM $2")" != 0 ]
}

# From whatever state to the last; fails where the analyzer dies. Submitting again adds nothing, a
# host that is not listed any more is done with.
play() {
	await answers || return 1
	submit mx1 127.0.11.1 && submit mx2 127.0.11.1 || return 1
	case $acknowledged in
	*delist*) ;;
	*)
		await is_listed_or_asked 127.0.11.1 delisting || return 1
		acknowledged="$acknowledged listed"
		relays 127.0.11.1 no
		step delist orbl delist --no-wait 127.0.11.1 || is_alive || return 1
		;;
	esac
	await is_not_listed 127.0.11.1 || return 1
	acknowledged="$acknowledged delisted"
	submit mx1 127.0.11.2 && submit mx2 127.0.11.2 || return 1
	case $acknowledged in
	*exempt*) ;;
	*)
		await is_listed_or_asked 127.0.11.2 operator_order || return 1
		step exempt orbl operator exempt 127.0.11.2 --reason 'a test' || is_alive ||
			return 1
		;;
	esac
	await is_not_listed 127.0.11.2
}

# --- what must hold afterwards --------------------------------------------------

wrong() { problems="$problems
$*"; }

check_acknowledged() {
	local name
	for name in $acknowledged; do
		case $name in
		submit:*)
			[ "$(sql "SELECT count(*) FROM submission WHERE committed AND file LIKE
				'%${name#submit:}.log' AND denials > 0")" -ge 1 ] ||
				wrong "the submission ${name#submit:} is lost"
			;;
		delist)
			[ "$(sql 'SELECT count(*) FROM delisting')" -ge 1 ] ||
				wrong 'the delisting request is lost'
			;;
		exempt)
			[ "$(sql "SELECT count(*) FROM operator_order WHERE action = 'exempt'")" = 1 ] ||
				wrong 'the order is lost'
			;;
		delisted)
			is_not_listed 127.0.11.1 >/dev/null 2>&1 || wrong 'a removal is undone'
			;;
		esac
	done
}

check_audit() { # the analyzer runs
	local key output
	key=$(orbl audit key)
	output=$(orbl audit verify --key "$key" 2>&1) || wrong "the store's audit log: $output"
	output=$(orbl audit verify --key "$key" "$state/audit.jsonl" 2>&1) ||
		wrong "the copy of the audit log: $output"
	[ "$(sql "SELECT count(*) FROM audit WHERE action = 'restored'")" = 0 ] ||
		wrong 'a death was taken for a restore'
	ls "$state"/*.forked-* >/dev/null 2>&1 && wrong 'the copy was put aside'
}

says_dns() { # HOST: what dnsd answers
	orbl_dig "$(printf '%s\n' "$1" | awk -F. '{print $4"."$3"."$2"."$1}').dnsbl.test" A
}

agrees() { # HOST: store, orbl check and DNS
	local listed=no
	[ -z "$(says_dns "$1")" ] || listed=yes
	if is_listed "$1" >/dev/null 2>&1; then [ $listed = yes ]; else [ $listed = no ]; fi
}

check_dns() {
	local host
	for host in $hosts; do
		orbl_wait 10 agrees "$host" || wrong "$host: DNS says \"$(says_dns "$host")\""
	done
}

# Killed at write N: is all well after the next start, and can what was begun be finished?
run_killed() { # N HALF
	local died=no
	problems=
	begin_run
	start_killed "$1" "$2"
	play || died=yes
	if is_alive; then
		orbl_stop analyzer # its last writes are those of its end
	else
		wait "${orbl_pids[analyzer]}" 2>/dev/null
	fi
	unset 'orbl_pids[analyzer]'
	orbl_start_analyzer
	check_acknowledged
	check_audit
	orbl_start_dnsd
	check_dns
	play || wrong "after the next start: $(tail -n 3 "$orbl_dir/analyzer.log")"
	check_acknowledged
	check_dns
	orbl_stop dnsd
	orbl_stop analyzer
	problems="$problems$(check_end)"
	note="killed at write $1${2:+, half done}"
	[ -z "$problems" ] || tap_note "$problems"
	tap_is "$note" '' "$problems"
}

check_end() {
	problems=
	[ "$("$top_builddir/orbl" audit verify --json "$state/audit.jsonl" | jq .last)" = \
		"$(sql 'SELECT max(id) FROM audit')" ] || wrong 'the copy ends before the store'
	printf '%s' "$problems"
}

# How many writes there are; and without a death all is well.
problems=
begin_run
start_killed 0
tap_ok 'the run, without a death' play
orbl_stop analyzer
total=$(cat "$orbl_dir/count" 2>/dev/null)
tap_ok 'its writes are counted' test "${total:-0}" -gt 50
[ "$points" != all ] || points=$total
[ "$points" -le "${total:-0}" ] || points=$total
tap_note "$total writes, $points of them"
for ((i = 0; i < points; i++)); do
	half=
	[ $((i % 2)) = 0 ] || half=1
	run_killed $((1 + i * (total - 1) / (points > 1 ? points - 1 : 1))) "$half"
done
tap_done
