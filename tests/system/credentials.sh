#!/bin/bash
# credentials.sh - secrets as systemd gives them (LoadCredential=, orbl-dnsd(8)): files that the
# service's user alone can read, in a directory that nobody can write.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"

user=65533
credentials=$dir/credentials
zone=bl.test

# As systemd leaves them: 0400 in 0500, the user's; where the file system has access control lists
# they are root's, for the user by such a list, whose mask shows as the group's rights (0440).
give() { # MODE [OWNER]
	chmod "$1" "$credentials"/*
	chmod 0500 "$credentials"
	[ "$(id -u)" != 0 ] || chown -R "${2:-$user}:$user" "$credentials"
}
records() { # FROM [DIG OPTION...]
	dig +tries=1 +time=5 "@$primary" -p "$port" -b "$@" $zone AXFR | grep -c '[[:space:]]IN[[:space:]]'
}
run() {
	primary_run
	tap_is "$1: the key of a transfer" yes "$([ "$(records "$keyed" -y "$key")" -gt 5 ] && echo yes)"
	tap_is "$1: ... without it there is none" 0 "$(records "$keyed")"
	tap_is "$1: a query key" 127.0.0.2 "$(
		dig +short "@$primary" -p "$port" "1.2.0.192.$query_key.$zone" A)"
	tap_like "$1: a cookie of the secret" 'COOKIE: 0102030405060708[0-9a-f]{32} \(good\)' "$(
		dig "@$primary" -p "$port" +cookie=0102030405060708 $zone SOA)"
}

mkdir "$credentials" "$dir/run"
if [ "$(id -u)" = 0 ]; then
	printf '#!/bin/sh\nexec setpriv --reuid=%s --regid=%s --clear-groups -- "%s" "$@"\n' $user $user \
		"$dnsd" >"$dir/as_user"
	chmod 755 "$dir/as_user"
	chown $user "$dir/run"
	dnsd=$dir/as_user
fi
for i in 1 2 3 4 5 6 7 8; do echo "192.0.2.$i relay"; done | primary_list 100
primary_conf "transfer.keys = \"$credentials/transfer.keys\"" \
	"access.keys = \"$credentials/access.keys\"" \
	"dnsd.cookie_secret = \"$credentials/cookie\"" "dnsd.control_socket = \"$dir/run/sock\"" \
	'transfer.notify = {}'
mv "$dir/keys" "$credentials/transfer.keys"
echo 000102030405060708090a0b0c0d0e0f >"$credentials/cookie"
# shellcheck disable=SC2119 # of orbl dnsd key
query_key=$(umask 077; "$top_builddir/orbl" dnsd key add alice --json -c "$dir/orbl.conf" 2>/dev/null |
	jq -r .key)
give 0400
run 'files of the user'
transfer_pid=$(dnsd_child orbl-transfer)
kill -KILL "$transfer_pid"
is_back() {
	[ "$(records "$keyed" -y "$key")" -gt 5 ]
}
tap_ok 'a transfer process that is started again knows them' wait_until 30 is_back
dnsd_stop
if [ "$(id -u)" = 0 ]; then
	give 0440 root
	chmod 0550 "$credentials"
	run "root's files, for the user"
	dnsd_stop
fi

# --- what others might read ------------------------------------------------------------------------

give 0404
tap_status 'a key that others can read' 1 "$dnsd" -T -c "$dir/orbl.conf"
tap_like '... is refused, with the remedy' \
	"others may read or change the TSIG keys in $credentials/transfer.keys \(mode 0404\); chmod o-rwx" \
	"$tap_output"
if [ "$(id -u)" = 0 ]; then
	give 0400
	chown root "$credentials/transfer.keys"
	tap_status "root's file, without LoadCredential=" 1 "$dnsd" -T -c "$dir/orbl.conf"
	tap_like '... is told with file and reason' \
		"transfer.keys: $credentials/transfer.keys: .*Permission denied" "$tap_output"
fi
chmod 0700 "$credentials"
tap_done
