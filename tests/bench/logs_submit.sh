# logs_submit.sh - sourced by logs.sh: what a submitted denial costs, for a log and one four times
# as long, each into an empty store.
#
# BENCH_SUBMIT is the number of denials in the shorter one.

submit_count=${BENCH_SUBMIT:-25000}

tap_bail() {
	bench_fail "$*"
}

tap_note() {
	say "$*"
}

# Lines "ROUND submit.COUNT MICROSECONDS_EACH SECONDS PROCESSOR_SECONDS" into $measured.
submit() { # ROUND COUNT
	local cpu
	orbl_begin
	trap 'orbl_end; bench_clean_up' EXIT
	orbl_start_analyzer
	head -n "$2" "$dir/denials" >"$dir/submitted"
	"$bench/bench_run" "$dir/usage" env ORBL_CONF="$orbl_dir/orbl.conf" "$top_builddir/orbl" submit \
		--reporter mx1 "$dir/submitted" >"$dir/out" 2>"$dir/errors" ||
		say "orbl submit: $(tail -n1 "$dir/errors")"
	cpu=$(server_cpu_s "${orbl_pids[analyzer]}")
	awk -v round="$1" -v n="$2" -v cpu="$cpu" \
		'{ print round, "submit." n, ($2 + cpu) / n * 1e6, $1, $2 + cpu }' "$dir/usage" >>"$measured"
	orbl_end
	trap bench_clean_up EXIT
}

compare_submissions() {
	local round n
	command -v python3 >/dev/null && command -v jq >/dev/null || return 0
	. "$top_srcdir/tests/tools/orbl_lab.sh"
	log_make postfix attack "$log_mb"
	grep -E '^[^<]*reject: RCPT from [^ ]+: 554 5.7.1 <[^>]*>: Relay access denied; from=<[^">]*> to=<[^">]*> ' \
		"$dir/postfix.attack.$log_mb" | head -n $((submit_count * 4)) >"$dir/denials"
	for ((round = 1; round <= (rounds > 3 ? 3 : rounds); round++)); do
		for n in "$submit_count" $((submit_count * 4)); do
			say "submitting $n denials"
			submit "$round" "$n"
		done
	done
	echo '| denials submitted | seconds | µs of processor time each, orbl and analyzer |'
	echo '|---|---|---|'
	for n in "$submit_count" $((submit_count * 4)); do
		printf '| %s | %s | %s |\n' "$(grouped "$n")" \
			"$(measured_spread "$measured" "submit.$n" 2 %.2f)" \
			"$(measured_spread "$measured" "submit.$n" 1 %.1f)"
	done
	echo
	target_at_most 'cost of a submitted denial, of four times as many' 1.2 "$(
		measured_ratios "$measured" "submit.$((submit_count * 4))" "submit.$submit_count" 1 |
			median)" ''
}
