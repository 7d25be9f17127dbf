# operator.sh - what `orbl operator` and `orbl zone` answer, and their exit status, with an analyzer
# that runs. The sessions in tests/golden/operator are played: each line "$ orbl ..." is run, what
# follows it up to the next one is replaced by what it prints, with days and the user's name made
# equal. A session is right when it comes out as it went in.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/tools/orbl_lab.sh"

golden=$top_srcdir/tests/golden/operator
orbl_begin 'probe.source = 127.0.0.1' 'listing.safe_lists = {"SAFE"}'
printf '8.8.8.0/24 :127.0.5.1:Big Provider\n' >"$orbl_dir/safe"
sed -i "s|SAFE|$orbl_dir/safe|" "$orbl_dir/orbl.conf"
orbl_start_analyzer

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
			orbl "$@" 2>&1 </dev/null
			status=$?
			printf '[exit status %d]\n' "$status"
			;;
		esac
	done <"$1" | sed -E -e "s|$orbl_dir|DIR|g" -e "s/\b$(id -un)\b/USER/g" \
		-e 's/20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/TIME/g' \
		-e '/^\$/!s/20[0-9]{2}-[0-9]{2}-[0-9]{2}/DAY/g'
}

for session in operator zone; do
	play "$golden/$session.session" >"$orbl_dir/$session"
	tap_diff "$session" "$golden/$session.session" "$orbl_dir/$session"
	[ -z "${GOLDEN_WRITE:-}" ] || cp "$orbl_dir/$session" "$golden/$session.session"
done
tap_done
