#!/bin/bash
# Does orbl-dnsd answer as rbldnsd(8) does, for files with all that rbldnsd's manual page has, but
# for what docs/rbldnsd-differences.md says? Settable: ORBL_ORACLE_SEED, ORBL_ORACLE_QUESTIONS.
. "$top_srcdir/tests/system/dnsd_lib.sh"

oracle=$top_builddir/tests/system/rbldnsd_oracle
rbldnsd=$(command -v rbldnsd || echo /usr/sbin/rbldnsd)
seed=${ORBL_ORACLE_SEED:-1}
questions=${ORBL_ORACLE_QUESTIONS:-1000000}
if "$dnsd" -V | grep -q 'sanitizers *yes'; then
	questions=${ORBL_ORACLE_QUESTIONS:-150000} # at a tenth of the speed
	tap_note "with sanitizers no more than $questions questions"
fi
[ -x "$rbldnsd" ] || tap_bail 'no rbldnsd here: ./bootstrap deps installs it'

# Each rule has a paragraph, and each paragraph of that form a rule.
"$oracle" --rules | sort -u >"$dir/rules"
sed -n 's/^- \*\*\([a-z0-9-]*\)\*\*.*/\1/p' "$top_srcdir/docs/rbldnsd-differences.md" |
	sort >"$dir/paragraphs"
tap_diff 'every rule is documented, once, and nothing else is' "$dir/rules" "$dir/paragraphs"

tap_note "seed $seed"
PYTHONDONTWRITEBYTECODE=1 python3 "$top_srcdir/tests/system/rbldnsd_zones.py" "$seed" "$dir" ||
	tap_bail 'no data'
chmod 755 "$dir" # rbldnsd is not root

specs_in() { # FOLDER FILE...: with the paths of their files
	local folder=$1
	shift
	sed -E "s#:([^:]*)\$#:$dir/$folder/\1#; s#,#,$dir/$folder/#g" "$@"
}

rbldnsd_is_settled() {
	grep -q 'zones reloaded' "$dir/log.rbldnsd" || ! kill -0 "$rbldnsd_pid" 2>/dev/null
}

rbldnsd_start() { # FOLDER FILE...: sets $rbldnsd_port
	local specs=() user=() tries=20
	mapfile -t specs < <(specs_in "$@")
	[ "$(id -u)" != 0 ] || user=(-u nobody)
	while [ $((tries -= 1)) -gt 0 ]; do
		rbldnsd_port=$((20000 + RANDOM % 12000))
		"$rbldnsd" -n -q -a "${user[@]}" -b "127.0.0.1/$rbldnsd_port" "${specs[@]}" \
			>"$dir/log.rbldnsd" 2>&1 &
		rbldnsd_pid=$!
		other_pids+=" $rbldnsd_pid"
		wait_until 20 rbldnsd_is_settled
		kill -0 "$rbldnsd_pid" 2>/dev/null && return
	done
	tap_note "$(cat "$dir/log.rbldnsd")"
	tap_bail 'rbldnsd does not start'
}

rbldnsd_start list "$dir/specs"
theirs=$rbldnsd_port
rbldnsd_start read "$dir/specs" "$dir/twins"
read_port=$rbldnsd_port

# The oracle itself: it finds nothing where there is nothing to find, and something where there is.
tap_ok 'rbldnsd is like itself' \
	"$oracle" --plain "$dir/plan" 20000 "$seed" "$theirs" "$theirs"
tap_status 'rbldnsd with other files is not' 1 \
	"$oracle" --plain "$dir/plan" 20000 "$seed" "$theirs" "$read_port"
tap_like '... for answers that differ' 'not ok .* answers differ' "$tap_output"

cat >"$dir/conf" <<CONF
dnsd.udp_size = 4096
dnsd.amplification = 0
dnsd.control_socket = ""
rbldnsd.acl_list_all = yes
CONF
mapfile -t specs < <(specs_in list "$dir/specs")
dnsd_start -c "$dir/conf" --workers 1 "${specs[@]}"

"$oracle" "$dir/plan" "$questions" "$seed" "$theirs" "$port" "$read_port" >"$dir/compared"
while IFS= read -r line; do
	case $line in
	'ok '* | 'not ok '*) tap_result "${line%%ok *}ok" "${line#* - }" ;;
	1..*) ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$dir/compared"
tap_ok 'the comparison came to its end' grep -q '^1\.\.' "$dir/compared"
tap_done
