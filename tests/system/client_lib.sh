# client_lib.sh - sourced by the client_*.sh scripts: a mail server or filter with what `orbl snippet`
# prints, that asks a real orbl-dnsd through a real Unbound which minimises names strictly.
#
#	client_begin PACKAGE "$0" "$@"    call it first: the rest runs in a network of its own
#	client_zone_start        list, server and resolver
#	client_box PACKAGE       $box, a folder for the roots of mta_root.sh; nothing runs yet. It is
#	                         $box, too, where a script starts a server of mta_lab.sh
#	client_in_box COMMAND... in the running box
#	client_put SNIPPET DIR   its parts below DIR, each at the path that it names
#	client_scenario          what must be true of each client, in parts:
#	client_scenario_listed, _codes, _change, _trouble
#
# The script defines ask_client ADDRESS, which prints "reject TEXT" or "pass TEXT"; $told is what TEXT
# is to match for 192.0.2.2.
#
# Addresses: 192.0.2.0/24 and 2001:db8:bad:: clients, 198.51.100.25 server, 127.0.0.53 resolver.

. "${top_srcdir:?}/tests/tools/mta_lab.sh"
. "$top_srcdir/tests/tools/mta_more.sh"

zone=dnsbl.test
key= # a query key, which orbl-dnsd knows
ttl_s=2
resolver=127.0.0.53
orbl=$top_builddir/orbl
serial=0
# For postscreen, which lets pass who is not known to be listed within a second, and remembers that for
# another.
patience=1
box=
told='open relay, proved by a test message.*lookup\?ip=192\.0\.2\.2'

client_begin() { # PACKAGE SCRIPT [inside]
	if [ "${3:-}" != inside ]; then
		[ "$(id -u)" = 0 ] || { echo 'Bail out! must be root'; exit 1; }
		# The network inside reaches no mirror.
		lab_fetch postfix "$1" || { echo "Bail out! no package $1"; exit 1; }
		ORBL_LAB_DIR=$lab_dir lab_network "$2" inside
	fi
	. "$top_srcdir/tests/system/dnsd_lib.sh"
	. "$top_srcdir/tests/system/resolver_lib.sh"
	chmod 755 "$dir"
}

client_end() {
	lab_stop_all
	client_signal CONT
	dnsd_clean_up
}

# --- the list: 2 and 3 reject, 4 and 6 do not; 240 has a code that means an error elsewhere ---

client_lines() {
	cat <<-END
	192.0.2.3 relay-input
	192.0.2.4 suspect
	192.0.2.6 untestable
	2001:db8:bad::2 relay
	END
}

client_publish() { # LINE...
	serial=$((serial + 1))
	{ client_lines; printf '%s\n' "$@"; } >"$dir/lines"
	"$make_snapshot" "$dir/list.snapshot" $zone $serial $ttl_s <"$dir/lines" ||
		tap_bail 'make_snapshot failed'
	[ -z "$dnsd_pid" ] || { kill -HUP "$dnsd_pid" && wait_until 10 client_serves; } ||
		tap_bail 'the new list is not served'
}

client_serves() {
	dig +norecurse +short @127.0.0.1 -p 5300 _status.relays.$zone TXT | grep -q "serial=$serial "
}

# rbldnsd's format, for what a list of orbl never has.
client_odd() {
	local subzone
	for subzone in @ all suspects; do
		printf '$DATASET ip4set %s\n192.0.2.240 :127.255.255.254:error of another list\n' $subzone
	done
}

client_conf() { # LINE...
	printf '%s\n' 'dnsd.control_socket = ""' "access.keys = \"$dir/keys\"" "$@"
}

client_key() {
	key=$("$orbl" dnsd key add tester -c "$dir/orbl.conf" --json 2>/dev/null |
		sed -n 's/.*"key":"\([a-z2-7]*\)".*/\1/p')
	[ -n "$key" ] || tap_bail 'no key'
}

client_dnsd_start() { # [OPTION...]
	: >"$dir/log"
	"$dnsd" -c "$dir/orbl.conf" --listen 127.0.0.1@5300 --workers 1 "$@" \
		--zone "$zone=snapshot:$dir/list.snapshot" --zone "$zone=rbldnsd:combined:$dir/odd" \
		2>"$dir/log" &
	dnsd_pid=$!
	wait_until 20 dnsd_is_settled
	log_has ': ready on ' || { tap_note "$(cat "$dir/log")"; tap_bail 'orbl-dnsd does not start'; }
}

# To all of its processes.
client_signal() { # SIGNAL
	local pids
	[ -n "$dnsd_pid" ] || return 0
	mapfile -t pids < <(ps -o pid= --ppid "$dnsd_pid" | tr -d ' ')
	kill "-$1" "$dnsd_pid" "${pids[@]}"
}

client_dnsd_restart() { # [OPTION...]
	dnsd_stop
	client_dnsd_start "$@"
	client_resolver_start
}

# --- the resolver ---

# A new one has forgotten that the server did not answer, which would last for minutes.
client_resolver_start() {
	resolver_start_at "$resolver" 127.0.0.1@5300 "$zone"
}

client_resolve_status() { # NAME
	dig +tries=1 +time=8 @$resolver "$1.$zone" A | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'
}

client_zone_start() {
	lab_begin || tap_bail 'no lab'
	trap client_end EXIT
	client_publish '192.0.2.2 relay'
	client_odd >"$dir/odd"
	printf '127.0.0.0/8 :refuse\n' >"$dir/acl"
	client_conf >"$dir/orbl.conf"
	client_conf 'dnsd.max_age = 1d' >"$dir/stale.conf"
	client_conf 'access.quota = 1' 'access.key_quota = 1' >"$dir/quota.conf"
	chmod 644 "$dir"/{odd,acl,orbl.conf,stale.conf,quota.conf}
	client_key
	client_dnsd_start
	client_resolver_start
}

# --- the client ---

client_box() { # PACKAGE
	lab_fetch "$1" || tap_bail "no package $1"
	box=$lab_run/$1
	mkdir -p "$box"/{root,etc,var/{lib,log,mail,run,spool,tmp}} || return
	lab_place "$box" $resolver - "$1"
	client_resolv_conf 5 3 >"$box/resolv.conf"
}

# A busy machine may need seconds, but nobody should wait them for a mute server.
client_resolv_conf() { # TIMEOUT ATTEMPTS
	printf 'nameserver %s\noptions timeout:%d attempts:%d\n' $resolver "$@"
}

client_set_resolv_conf() { # TIMEOUT ATTEMPTS
	client_resolv_conf "$@" >"$dir/resolv.conf"
	client_in_box dd of=/etc/resolv.conf status=none <"$dir/resolv.conf"
}

client_in_box() { # COMMAND...
	local init
	init=$(ps -o pid= --ppid "$(cat "$box/pid")") || return
	nsenter -t "${init// /}" -m -p chroot "$box/root" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root "$@"
}

# A part that is there already is appended to.
client_put() { # SNIPPET DIR
	awk -v dir="$2" '/^#### / { file = dir $2; next } file { print >>file }' "$1"
}

client_snippet() { # NAME [OPTION...]
	"$orbl" snippet "$@" $zone >"$dir/snippet" || tap_bail 'no snippet'
}

# --- what must be true ---

client_is() { # TEST reject|pass ADDRESS
	local got tries=$patience
	got=$(ask_client "$3")
	while [ "$2" = reject ] && [ "${got%% *}" != reject ] && [ $((tries -= 1)) -gt 0 ]; do
		sleep 1.2
		got=$(ask_client "$3")
	done
	tap_is "$1" "$2" "${got%% *}"
	[ "${got%% *}" = "$2" ] || tap_note "$got"
}

client_answers() { # WANTED ADDRESS
	local got
	got=$(ask_client "$2")
	[ "${got%% *}" = "$1" ]
}

# Not listed, although it is on the list: wanted is what the resolver says of it.
client_without() { # WHY RCODE
	tap_is "$1: the resolver says" "$2" "$(client_resolve_status 3.2.0.192)"
	client_is "$1: a listed client passes" pass 192.0.2.3
	client_is "$1: as does one that is not listed" pass 192.0.2.20
}

# The resolver has the server's address, so that what is asked here counts as its questions.
client_is_over_quota() {
	local name
	for name in "2.0.0.127.$zone" "2.0.0.127.$key.$zone"; do
		dig +tcp @127.0.0.1 -p 5300 "$name" | grep -q 'over quota' || return
	done
}

client_again() { # WHY
	client_dnsd_restart
	tap_ok "$1 is over: a listed client is rejected" wait_until 20 client_answers reject 192.0.2.3
}

client_scenario() {
	client_scenario_listed
	client_scenario_codes
	client_scenario_change
	client_scenario_trouble
}

client_scenario_listed() {
	client_is 'a relay is rejected' reject 192.0.2.2
	tap_like 'and told why' "$told" "$(ask_client 192.0.2.2)"
	client_is 'a relay behind another host is rejected' reject 192.0.2.3
	client_is 'who is not listed passes' pass 192.0.2.20
}

client_scenario_codes() {
	client_is 'a suspect passes' pass 192.0.2.4
	client_is 'an untestable host passes' pass 192.0.2.6
	client_is 'who has a code of which the snippet says nothing passes' pass 192.0.2.240
}

client_scenario_change() {
	client_publish '192.0.2.20 relay'
	tap_ok 'who is delisted passes after the TTL' wait_until 10 client_answers pass 192.0.2.2
	tap_ok 'who is newly listed is rejected' wait_until 10 client_answers reject 192.0.2.20
	client_publish
	tap_ok 'and passes when he is delisted' wait_until 10 client_answers pass 192.0.2.20
}

client_scenario_trouble() {
	client_dnsd_restart -c "$dir/stale.conf"
	client_without 'data out of date' SERVFAIL
	client_again 'data out of date'
	client_dnsd_restart --zone "=rbldnsd:acl:$dir/acl"
	tap_is 'the server refuses' REFUSED "$(dig @127.0.0.1 -p 5300 2.0.0.127.$zone |
		sed -n 's/.*status: \([A-Z]*\),.*/\1/p')"
	client_without 'refused' SERVFAIL
	client_again 'refused'
	client_dnsd_restart -c "$dir/quota.conf"
	tap_ok 'the quota is used up' wait_until 10 client_is_over_quota
	client_without 'over quota' SERVFAIL
	client_again 'over quota'
	client_resolver_start
	client_set_resolv_conf 1 1
	client_signal STOP
	client_is 'the server is mute: a listed client passes' pass 192.0.2.3
	client_signal CONT
	client_set_resolv_conf 5 3
	client_again 'silence'
}
