#!/bin/bash
# logs.sh - reading logs: how fast, how exact and in how much memory `orbl parse` finds each
# denial, beside tools that look for the same text.
#
# BENCH_LOG_MB is the size of the logs that fast tools read (slow ones read less, see $tools),
# BENCH_STREAM_MB that of what is read from a pipe; BENCH_ROUNDS rounds, in turn. What each tool
# finds is held against what make_log wrote.
. "${top_srcdir:?}/tests/bench/lib.sh"
. "$top_srcdir/tests/bench/logs_forms.sh"
. "$top_srcdir/tests/bench/logs_submit.sh"

log_mb=${BENCH_LOG_MB:-200}
stream_mb=${BENCH_STREAM_MB:-3000}
rounds=${BENCH_ROUNDS:-5}
orbl=$top_builddir/orbl
text='Relay access denied'

# name | title | peer it needs | MB of log; 0: $log_mb
tools='
grep|grep -F -c (no fields)||0
orbl|orbl parse (JSON)||0
summary|orbl parse --summary||0
rg|rg -F -c (no fields)|ripgrep|0
regex|rg -c, an anchored regular expression (no fields)|ripgrep|0
mawk|mawk, a table of clients|mawk|0
mtail|mtail, a table of clients|mtail|20
pflogsumm|pflogsumm|pflogsumm|50
fail2ban|fail2ban-regex, postfix[mode=more]|fail2ban|10
'

tool() { # NAME FIELD
	awk -F'|' -v name="$1" -v field="$2" '$1 == name { print $field }' <<<"$tools"
}

tool_mb() { # NAME
	local mb
	mb=$(tool "$1" 4)
	echo $((mb == 0 || mb > log_mb ? log_mb : mb))
}

find_tools() {
	local name peer
	names=
	for name in $(awk -F'|' '{ print $1 }' <<<"$tools"); do
		peer=$(tool "$name" 3)
		[ -n "$peer" ] && [[ " ${missing:-} " == *" $peer "* ]] && continue
		if [ -z "$peer" ] || bench_has "$peer"; then
			names="$names $name"
		else
			missing="${missing:-} $peer"
		fi
	done
}

# --- logs ---

log_make() { # FORMAT PROFILE MB
	local file=$dir/$1.$2.$3
	[ -s "$file" ] || "$bench/make_log" "$1" "$2" $(($3 * 1000000)) 1 "$file.truth" >"$file" ||
		bench_fail "cannot write $file"
}

truth_of() { # FILE
	awk -F'\t' '$1 == "total" { print $2 }' "$1.truth"
}

# --- tools ---

write_mtail_program() {
	mkdir -p "$dir/mtail"
	cat >"$dir/mtail/relay.mtail" <<-'END'
	counter relay_denied by ip
	/postfix\/smtpd.*: reject: RCPT from [^\[]*\[(?P<ip>[^\]]+)\]: [45]54 [^ ]+ <.*>: Relay access denied; from=/ {
	  relay_denied[$ip]++
	}
	END
}

# Sets the array $command.
tool_command() { # NAME FILE
	case $1 in
	orbl) command=("$orbl" parse "$2") ;;
	summary) command=("$orbl" parse --summary "$2") ;;
	grep) command=(grep -F -c "$text" "$2") ;;
	rg) command=(rg -j1 -F -c "$text" "$2") ;;
	regex) command=(rg -j1 -c "reject: RCPT from [^ ]+: [45]54 [^ ]+ <.*>: $text; from=" "$2") ;;
	mawk) command=(mawk -F '[][]' '/: Relay access denied; from=</ { n[$4]++ }
		END { for (i in n) print i "\t" n[i] }' "$2") ;;
	mtail) command=(mtail -one_shot -one_shot_format prometheus -logtostderr -address 127.0.0.1
		-port 0 -progs "$dir/mtail" -logs "$2") ;;
	pflogsumm) command=(pflogsumm "$2") ;;
	fail2ban) command=(fail2ban-regex "$2" 'postfix[mode=more]') ;;
	esac
}

# A table of clients as make_log writes it; nothing when the tool makes none.
clients_of() { # NAME OUTPUT
	case $1 in
	summary|mawk) cat "$2" ;;
	orbl) sed 's/.*"ip":"\([^"]*\)".*"count":\([0-9]*\).*/\1\t\2/' "$2" |
		awk -F'\t' '{ n[$1] += $2 } END { for (i in n) print i "\t" n[i] }' ;;
	mtail) sed -n 's/^relay_denied{ip="\([^"]*\)".*} /\1\t/p' "$2" ;;
	esac
}

found_by() { # NAME OUTPUT
	case $1 in
	grep|rg|regex) cat "$2" ;;
	pflogsumm) sed -n "s/.*$text (total: \([0-9]*\)).*/\1/p" "$2" ;;
	fail2ban) sed -n 's/^Lines: .* \([0-9]*\) matched.*/\1/p' "$2" ;;
	*) clients_of "$1" "$2" | awk -F'\t' '{ n += $2 } END { print n + 0 }' ;;
	esac
}

# "exact", or how it differs from the truth.
judge() { # NAME OUTPUT FILE
	local wrong found
	if [ -n "$(clients_of "$1" "$2" | head -n1)" ]; then
		wrong=$(clients_of "$1" "$2" | LC_ALL=C sort |
			comm -3 - <(grep -v '^total' "$3.truth" | LC_ALL=C sort) |
			sed 's/^\t//' | cut -f1 | sort -u | wc -l)
		[ "$wrong" != 0 ] || { echo exact; return; }
		printf '%s clients wrong, ' "$(grouped "$wrong")"
	fi
	found=$(found_by "$1" "$2")
	printf '%+d\n' $((${found:-0} - $(truth_of "$3")))
}

# --- measuring ---

# Lines "ROUND NAME.WHAT MB_A_SECOND SECONDS MEGABYTES" into $measured. Of one processor the time
# that was used counts, which others on the machine change least; of several the time that passed.
record() { # ROUND NAME MB passed|used
	awk -v round="$1" -v name="$2" -v mb="$3" -v used="$4" '
		{ s = used == "used" ? $2 : $1; print round, name, mb / (s > 0 ? s : 0.0001), s, $3 }' \
		"$dir/usage" >>"$measured"
}

measure() { # ROUND NAME PROFILE
	local mb file out
	mb=$(tool_mb "$2") file=$dir/postfix.$3.$(tool_mb "$2")
	tool_command "$2" "$file"
	if [ "$1" = 0 ]; then
		taskset -c "$server_cpu" env LC_ALL=C "${command[@]}" >"$dir/out" 2>"$dir/errors"
		printf '%s %s\n' "$2.$3" "$(found_by "$2" "$dir/out")" >>"$dir/found"
		printf '%s %s\n' "$2.$3" "$(judge "$2" "$dir/out" "$file")" >>"$dir/judged"
		return
	fi
	# grep stops at the first match when it writes to /dev/null.
	case $2 in
	orbl) out=/dev/null ;;
	*) out=$dir/out ;;
	esac
	taskset -c "$server_cpu" env LC_ALL=C "$bench/bench_run" "$dir/usage" "${command[@]}" \
		>"$out" 2>"$dir/errors"
	record "$1" "$2.$3" "$mb" used
}

said_of() { # FILE NAME
	sed -n "s/^$2 //p" "$dir/$1"
}

print_table() { # PROFILE TITLE
	local name file=$dir/postfix.$1.$log_mb
	printf '| %s | MB of log | MB/s | of grep -F | most memory, MB | found | |\n' "$2"
	echo '|---|---|---|---|---|---|---|'
	for name in $names; do
		printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$(tool "$name" 2)" "$(tool_mb "$name")" \
			"$(measured_spread "$measured" "$name.$1" 1 %.4g)" \
			"$(measured_ratio_spread "$measured" "$name.$1" "grep.$1" 1)" \
			"$(measured_values "$measured" "$name.$1" 3 | sort -g | tail -n1)" \
			"$(grouped "$(said_of found "$name.$1")")" "$(said_of judged "$name.$1")"
	done
	printf '\n%s lines in %s MB, %s of them denials.\n\n' "$(grouped "$(wc -l <"$file")")" \
		"$log_mb" "$(grouped "$(truth_of "$file")")"
}

print_targets() { # PROFILE TITLE
	local peer
	target_at_least "reading a Postfix log, $2: MB/s, of grep -F" 0.36 \
		"$(measured_ratios "$measured" "orbl.$1" "grep.$1" 1 | median)"
	for peer in 'pflogsumm 50' 'fail2ban 200'; do
		target_at_least "the same, of ${peer% *}" "${peer#* }" \
			"$(measured_ratios "$measured" "orbl.$1" "${peer% *}.$1" 1 | median)"
	done
	target "the same, denials found" exact "$(said_of judged "orbl.$1")" \
		"$([ "$(said_of judged "orbl.$1")" = exact ] && echo met || echo '**missed**')"
}

compare_tools() {
	local round name profile
	find_tools
	write_mtail_program
	for profile in attack usual; do
		for name in $names; do
			log_make postfix $profile "$(tool_mb "$name")"
		done
	done
	# Round 0 is for the caches, and to see what each finds.
	for ((round = 0; round <= rounds; round++)); do
		say "round $round of $rounds"
		for profile in attack usual; do
			for name in $names; do
				measure "$round" "$name" "$profile"
			done
		done
	done
	print_table attack '15 % of the lines are denials'
	print_table usual '0.1 % of the lines are denials'
	print_targets attack '15 % denials'
	print_targets usual '0.1 % denials'
}

main() {
	bench_begin logs
	measured=$dir/measured
	: >"$measured"
	bench_not_sanitized "$orbl"
	compare_tools
	compare_formats
	compare_packed
	compare_streams
	compare_submissions
}

main
