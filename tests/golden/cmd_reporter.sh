# cmd_reporter.sh - what `orbl submit`, `orbl reporter` and `orbl purge` say of those who submit
# logs, with a real analyzer. The session in tests/golden/reporter is played as those of
# cmd_policy.sh: each line "$ orbl ..." is run, what follows it is replaced by what it prints. Times
# and keys, which differ each time, are replaced by words.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/tools/orbl_lab.sh"

here=$top_srcdir/tests/golden/reporter
key=abcdefghijklmnopqrstuvwxyz234567
hash=$(printf %s $key | b2sum -l 256 | cut -d' ' -f1)

# Denials of today, so that they count: TIME is the time, DAY the day.
make_logs() {
	local log
	for log in "$here"/*.log; do
		sed "s/TIME/$(date -u +%Y-%m-%dT%H:%M:%S+00:00)/" "$log" >"${log##*/}"
	done
	printf '%s\n' $key >mx2.key
	chmod 600 mx2.key
	printf '%s\n' ${key/a/b} >other.key
	chmod 600 other.key
	cp mx2.key open.key
	chmod 644 open.key
}

words() {
	sed -E -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,}(Z|\+00:00)/TIME/g' \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9:]{5} UTC)?/DAY/g' \
		-e 's/^[a-z2-7]{32}$/KEY/' -e 's/"[0-9a-f]{64}"/"HASH"/' \
		-e 's/submission":[0-9]+/submission":N/g'
}

play() { # SESSION
	local line status last=comment
	while IFS= read -r line; do
		case $line in '# '* | '$ orbl '*) [ $last = comment ] || echo ;; esac
		case $line in
		'# '*)
			printf '%s\n' "$line"
			last=comment
			;;
		'$ orbl '*)
			printf '%s\n' "$line"
			last=output
			eval "set -- ${line#\$ orbl }"
			orbl "$@" >output 2>&1 </dev/null
			status=$?
			words <output
			printf '[exit status %d]\n' "$status"
			;;
		esac
	done <"$1"
}

orbl_begin 'score.threshold = 1000' 'reporter mx1 {' ' quota = 4' ' asn = 64500' \
	' local_domains = {own.example}' '}' 'reporter mx2 {' " key = \"$hash\"" ' trust = 50' '}'
cd "$orbl_dir" || tap_bail 'no folder'
make_logs
orbl_start_analyzer
play "$here/reporters.session" >session
tap_diff 'reporters.session' "$here/reporters.session" session
tap_ok 'each key is another' test "$(orbl reporter key a)" != "$(orbl reporter key a)"
tap_ok 'a key is JSON when that is asked for' sh -c \
	"orbl=\$('$top_builddir/orbl' reporter key mx3 --json) &&
	test \"\$(printf %s \"\$orbl\" | jq -r .key | tr -d '\n' | b2sum -l 256 | cut -d' ' -f1)\" = \
		\"\$(printf %s \"\$orbl\" | jq -r .hash)\" && test \"\$(printf %s \"\$orbl\" | jq -r .reporter)\" = mx3"
tap_status 'a name of 65 characters is none' 2 "$top_builddir/orbl" reporter key \
	"$(printf %065d 0)"
tap_status 'a key in the configuration instead of its hash is refused' 1 sh -c \
	"sed 's/$hash/$key/' '$orbl_dir/orbl.conf' >wrong.conf &&
	'$top_builddir/orbl-analyzer' -c '$orbl_dir/wrong.conf'"
tap_like 'and it is said how to make one' 'reporter mx2: key: not the hash of a key.*orbl reporter key mx2' \
	"$tap_output"
tap_done
