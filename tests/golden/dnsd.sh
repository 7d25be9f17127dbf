#!/bin/bash
# dnsd.sh - what `orbl dnsd` prints of the answers in tests/golden/dnsd/answers.
. "${top_srcdir:?}/tests/tap.sh"

here=$top_srcdir/tests/golden/dnsd
orbl=$top_builddir/orbl
dir=$(mktemp -d) || tap_bail 'no folder'
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT

PYTHONDONTWRITEBYTECODE=1 python3 "$top_srcdir/tests/tools/control_answer.py" "$dir/sock" \
	"$here/answers" &
server=$!
printf 'dnsd.control_socket = "%s"\n' "$dir/sock" >"$dir/conf"
for ((i = 0; i < 100; i++)); do
	[ ! -S "$dir/sock" ] || break
	sleep 0.05
done
for command in status stats zones reload; do
	{
		"$orbl" dnsd $command -c "$dir/conf" 2>&1
		echo "[exit status $?]"
	} >"$dir/$command"
	tap_diff "orbl dnsd $command" "$here/$command" "$dir/$command"
done
"$orbl" dnsd zones -c "$dir/conf" --json >"$dir/json" 2>&1
tap_is 'as JSON on one line, without ok' '1 0' \
	"$(wc -l <"$dir/json") $(grep -c '"ok"' "$dir/json")"
for options in "-c $dir/conf" "--config $dir/conf" "--config=$dir/conf" "-c$dir/conf"; do
	{
		# shellcheck disable=SC2086
		"$orbl" dnsd $options zones 2>&1
		echo "[exit status $?]"
	} >"$dir/before"
	tap_diff "${options%%/*} before the subcommand" "$here/zones" "$dir/before"
done
tap_status 'options without a subcommand' 2 "$orbl" dnsd -c "$dir/conf"
tap_status 'an operand is one too many' 2 "$orbl" dnsd status -c "$dir/conf" x
tap_status 'what there is not' 2 "$orbl" dnsd stop
tap_like 'is named' 'there is no "stop"' "$tap_output"

# --- keys: what is printed of them ---------------------------------------------------------------

keys_conf() { # LINE...
	printf '%s\n' 'dnsd.control_socket = ""' "access.keys = \"$dir/keys\"" \
		'zone.name = own.example.' "$@" >"$dir/keys.conf"
}
key() { "$orbl" dnsd key "$@" -c "$dir/keys.conf" 2>&1; }
to_try() { key add "$@" | sed -n 's/^2\.0\.0\.127\.[a-z2-7]*\.//p'; }

keys_conf
tap_is 'what to try is of the only zone' own.example "$(to_try alice)"
keys_conf 'dnsd.zones = {"=rbldnsd:acl:/srv/acl", "One.example.=rbldnsd:ip4set:/srv/a",
	"two.example=snapshot:/srv/b"}'
tap_is 'of the first one that is served' One.example "$(to_try bob)"
tap_is 'of the one that the key is for' two.example "$(to_try carol --zone two.example)"
tap_is 'or below it' relays.two.example "$(to_try dave --zone relays.two.example)"
tap_is 'or of one below what it is for' One.example "$(to_try eve --zone example.)"
cp "$dir/keys" "$dir/keys.before"
for zone in own.example nope.test xone.example xample; do
	tap_status "$zone is not served" 2 key add frank --zone $zone
	tap_is 'that is said' "orbl dnsd key: --zone $zone is not served, and no key was made; dnsd.zones `
		`has: One.example, two.example" "$(sed 's/dnsd key [a-z]*:/dnsd key:/' <<<"$tap_output")"
done
tap_diff 'and no key is made' "$dir/keys.before" "$dir/keys"
tap_is 'a key is revoked' '1 key is revoked' "$(key revoke alice | grep revoked)"
tap_status 'a second time' 0 key revoke alice
tap_is 'it is already' 'already revoked' "$tap_output"
tap_is 'the configuration may be named first' 0 \
	"$("$orbl" dnsd -c "$dir/keys.conf" key list >/dev/null 2>&1; echo $?)"

printf 'dnsd.control_socket = ""\n' >"$dir/none"
tap_status 'without a socket' 2 "$orbl" dnsd status -c "$dir/none"
tap_like 'that is said' 'dnsd.control_socket is empty' "$tap_output"
tap_done
