# relay_host.sh - the test relays do what their policies say, seen from client and smart host.
. "${top_srcdir:?}/tests/tap.sh"

scratch=$(mktemp -d)
children=
stop_all() {
	for pid in $children; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	rm -rf "$scratch"
}
trap stop_all EXIT

wait_for() { # FILE REGEX: until a line of the file matches, at most 10 s
	for _ in $(seq 100); do
		grep -Eq -- "$2" "$1" 2>/dev/null && return
		sleep 0.1
	done
	return 1
}

smtp() { # HOST SENDER RECIPIENT [LOGIN]: prints the code of the command that decided
	timeout 20 python3 "$top_srcdir/tests/system/relay_host_client.py" "$1" "$port" "${@:2}"
}

arrived() { # REGEX: one line "PEER SENDER RECIPIENT" for each message at the smart host
	wait_for "$scratch/arrived" "$1"
}

printf 'relay_flags = absent\n' >"$scratch/open"
printf 'relay_flags = 0\nlocal_domain = local.test\n' >"$scratch/closed"
printf 'relay_flags = 8\n' >"$scratch/auth"
printf 'routing = do-not-reroute\nlocal_domain = local.test\n' >"$scratch/bounce"
printf 'relay_flags = 3\nrelay_deny = 127.0.0.8;255.255.255.252\nrelay_allow = 127.0.0.0;255.255.255.0\n' \
	>"$scratch/deny-allow"
printf 'relay_flags = 0\nencapsulated_fix = no\nlocal_domain = local.test\n' >"$scratch/imcea"
cp "$scratch/open" "$scratch/changing"
printf '%s\n' 'mydestination = local.test' 'mynetworks = 127.0.0.8/30' \
	'smtpd_relay_restrictions = permit_mynetworks,' \
	'  check_sender_access inline:{trusted.test=OK}, reject_unauth_destination' \
	>"$scratch/main.cf"
sed 's/check_sender.*}/check_helo_access inline:{client.test=OK}/' "$scratch/main.cf" \
	>"$scratch/helo.cf"
printf '%s\n' "127.9.1.22=$scratch/auth,authenticated" "127.9.1.23=$scratch/closed,catch-all" \
	"127.9.1.24=$scratch/main.cf" "127.9.1.25=$scratch/helo.cf" >"$scratch/hosts"

timeout 120 python3 -u "$top_srcdir/tests/system/smart_host.py" 127.9.0.1 \
	>"$scratch/smart" 2>"$scratch/arrived" &
children=$!
wait_for "$scratch/smart" '^listening' || tap_bail "no smart host"
smart=$(sed -n 's/^listening on //p' "$scratch/smart")

for port in $(seq 24100 17 24800); do
	"$top_builddir/tests/tools/relay_host" -v --smarthost "$smart" --port "$port" \
		"127.9.1.1=$scratch/open" "127.9.1.2=$scratch/closed" "127.9.1.3=$scratch/bounce" \
		"127.9.1.4=$scratch/closed,percent" "127.9.1.5=$scratch/closed,bang" \
		"127.9.1.6=$scratch/closed,quoted" "127.9.1.7=$scratch/open,multihop=127.9.1.77" \
		"127.9.1.8=$scratch/open,greylist=1" "127.9.1.9=$scratch/open,reject-data" \
		"127.9.1.10=$scratch/open,reject-connect" "127.9.1.11=$scratch/open,drop" \
		"127.9.1.12=$scratch/open,garbage" "127.9.1.13=$scratch/open,helo-only,tarpit=100" \
		"127.9.1.14=$scratch/closed,sender-domain" "127.9.1.15=$scratch/closed,null-sender" \
		"127.9.1.16=$scratch/open,discard" "127.9.1.17=$scratch/deny-allow" \
		"127.9.1.18=$scratch/imcea" "127.9.1.19=$scratch/auth" \
		"127.9.1.20=$scratch/changing,name=mx.example,pipelining" \
		"127.9.1.21=$scratch/open,reject-dot" --hosts "$scratch/hosts" \
		>"$scratch/host" 2>"$scratch/log" &
	host=$!
	wait_for "$scratch/host" '^ready' && break
	wait "$host" 2>/dev/null
	host=
done
[ -n "$host" ] || tap_bail "no relay host: $(cat "$scratch/log")"
children="$children $host"
tap_is "it says where it listens" 25 "$(grep -c '^listening on 127\.9\.1\..*:' "$scratch/host")"

tap_is "open: accepted" 250 "$(smtp 127.9.1.1 f@c.test open@c.test)"
tap_ok "open: relayed from its own address" arrived '^127\.9\.1\.1 f@c\.test open@c\.test$'
tap_is "closed: refused" "550 relaying prohibited" "$(smtp 127.9.1.2 f@c.test closed@c.test)"
tap_is "closed: a user it has not" "550 no such user" "$(smtp 127.9.1.2 f@c.test u@local.test)"
tap_is "closed: its postmaster" 250 "$(smtp 127.9.1.2 f@c.test postmaster@local.test)"

tap_is "bounce: accepted" 250 "$(smtp 127.9.1.3 back@c.test bounced@c.test)"
tap_ok "bounce: comes back from <>" arrived '^127\.9\.1\.3 - back@c\.test$'
tap_is "bounce: <> is accepted" 250 "$(smtp 127.9.1.3 '' bounced@c.test)"
tap_is "bounce: a user it has not is accepted, too" 250 \
	"$(smtp 127.9.1.3 again@c.test nobody@local.test)"
tap_ok "bounce: comes back from <>" arrived '^127\.9\.1\.3 - again@c\.test$'

tap_is "percent: plain form refused" "550 relaying prohibited" \
	"$(smtp 127.9.1.4 f@c.test percent@c.test)"
tap_is "percent: its form" 250 "$(smtp 127.9.1.4 f@c.test percent%c.test@local.test)"
tap_ok "percent: relayed as resolved" arrived '^127\.9\.1\.4 f@c\.test percent@c\.test$'
tap_is "percent: by address literal" 250 "$(smtp 127.9.1.4 f@c.test 'lit%c.test@[127.9.1.4]')"
tap_ok "percent: relayed as resolved" arrived '^127\.9\.1\.4 f@c\.test lit@c\.test$'
tap_is "percent: another domain's" "550 relaying prohibited" \
	"$(smtp 127.9.1.4 f@c.test percent%c.test@other.test)"
tap_is "percent: not bang" "550 no such user" "$(smtp 127.9.1.4 f@c.test c.test!u@local.test)"
tap_is "closed: no percent" "550 no such user" \
	"$(smtp 127.9.1.2 f@c.test percent%c.test@local.test)"
tap_is "bang: its form" 250 "$(smtp 127.9.1.5 f@c.test c.test!bang@local.test)"
tap_ok "bang: relayed as resolved" arrived '^127\.9\.1\.5 f@c\.test bang@c\.test$'
tap_is "quoted: its form" 250 "$(smtp 127.9.1.6 f@c.test '"quoted@c.test"@local.test')"
tap_ok "quoted: relayed as resolved" arrived '^127\.9\.1\.6 f@c\.test quoted@c\.test$'
tap_is "route: stripped" 250 "$(smtp 127.9.1.1 f@c.test @local.test:route@c.test)"
tap_ok "route: relayed without it" arrived '^127\.9\.1\.1 f@c\.test route@c\.test$'

tap_is "multihop: accepted" 250 "$(smtp 127.9.1.7 f@c.test multi@c.test)"
tap_ok "multihop: from the other address" arrived '^127\.9\.1\.77 f@c\.test multi@c\.test$'
tap_is "greylist: first" "450 try again later" "$(smtp 127.9.1.8 f@c.test grey@c.test)"
sleep 1.1
tap_is "greylist: again" 250 "$(smtp 127.9.1.8 f@c.test grey@c.test)"
tap_is "reject-data" "554 no data, please" "$(smtp 127.9.1.9 f@c.test data@c.test)"
tap_is "reject-dot" "554 not this message" "$(smtp 127.9.1.21 f@c.test dot@c.test)"
tap_like "reject-connect" '^554 ' "$(smtp 127.9.1.10 f@c.test connect@c.test)"
tap_is "drop" closed "$(smtp 127.9.1.11 f@c.test drop@c.test)"
tap_is "garbage" closed "$(smtp 127.9.1.12 f@c.test garbage@c.test)"
tap_is "helo-only, slowly" 250 "$(smtp 127.9.1.13 f@c.test slow@c.test)"
tap_ok "helo-only: relayed" arrived '^127\.9\.1\.13 f@c\.test slow@c\.test$'
tap_is "sender-domain: a stranger" "550 relaying prohibited" \
	"$(smtp 127.9.1.14 f@c.test domain@c.test)"
tap_is "sender-domain: its own" 250 "$(smtp 127.9.1.14 f@local.test domain@c.test)"
tap_ok "sender-domain: relayed" arrived '^127\.9\.1\.14 f@local\.test domain@c\.test$'
tap_is "null-sender: a sender" "550 relaying prohibited" \
	"$(smtp 127.9.1.15 f@c.test null@c.test)"
tap_is "null-sender: <>" 250 "$(smtp 127.9.1.15 '' null@c.test)"
tap_ok "null-sender: relayed" arrived '^127\.9\.1\.15 - null@c\.test$'
tap_is "discard: accepted" 250 "$(smtp 127.9.1.16 f@c.test discard@c.test)"

tap_is "policy by client: denied" "550 relaying prohibited" \
	"$(SOURCE=127.0.0.9 smtp 127.9.1.17 f@c.test denied@c.test)"
tap_is "policy by client: allowed" 250 "$(SOURCE=127.0.0.12 smtp 127.9.1.17 f@c.test allowed@c.test)"
tap_is "encapsulated: plain" "550 relaying prohibited" "$(smtp 127.9.1.18 f@c.test imcea@c.test)"
tap_is "encapsulated: its form" 250 \
	"$(smtp 127.9.1.18 f@c.test IMCEASMTP-imcea+40c+2Etest@local.test)"
tap_ok "encapsulated: relayed decoded" arrived '^127\.9\.1\.18 f@c\.test imcea@c\.test$'
tap_is "auth: without" "550 relaying prohibited" "$(smtp 127.9.1.19 f@c.test auth@c.test)"
tap_is "auth: with" 250 "$(smtp 127.9.1.19 f@c.test auth@c.test login)"
tap_is "authenticated: without" 250 "$(smtp 127.9.1.22 f@c.test taken@c.test)"
tap_ok "authenticated: relayed" arrived '^127\.9\.1\.22 f@c\.test taken@c\.test$'
tap_is "catch-all: kept" 250 "$(smtp 127.9.1.23 f@c.test kept@local.test)"

tap_is "Postfix: a stranger" "550 relaying prohibited" "$(smtp 127.9.1.24 f@c.test denied@c.test)"
tap_is "Postfix: of its networks" 250 "$(SOURCE=127.0.0.9 smtp 127.9.1.24 f@c.test net@c.test)"
tap_ok "Postfix: relayed" arrived '^127\.9\.1\.24 f@c\.test net@c\.test$'
tap_is "Postfix: its postmaster" 250 "$(smtp 127.9.1.24 f@c.test postmaster@local.test)"
tap_is "Postfix: asked about the sender" 250 "$(smtp 127.9.1.24 f@trusted.test sender@c.test)"
tap_is "Postfix: asked about the name in HELO" 250 "$(smtp 127.9.1.25 f@c.test helo@c.test)"

tap_is "before it is closed" 250 "$(smtp 127.9.1.20 f@c.test before@c.test)"
cp "$scratch/closed" "$scratch/changing"
kill -HUP "$host"
wait_for "$scratch/host" '^reloaded'
tap_is "after it is closed" "550 relaying prohibited" "$(smtp 127.9.1.20 f@c.test after@c.test)"
printf 'nonsense\n' >"$scratch/changing"
: >"$scratch/host"
kill -HUP "$host"
wait_for "$scratch/host" 'reloaded'
tap_is "a policy it cannot read changes nothing" "550 relaying prohibited" \
	"$(smtp 127.9.1.20 f@c.test after@c.test)"
tap_is "and is reported" 1 "$(grep -c 'changing:1: unknown setting' "$scratch/log")"
tap_is "each recipient is logged with its rule" 1 "$(grep -c \
	'^host590081.test client 127.0.0.1 from <f@c.test> rcpt <open@c.test> -> permit (not set, line 0)$' \
	"$scratch/log")"

tap_is "nothing else was relayed" "" "$(grep -E \
	' (closed|bounced|data|dot|connect|drop|discard|denied|after|u|nobody|kept)@' "$scratch/arrived")"
kill -TERM "$host"
wait "$host"
tap_is "it ends when asked" 0 $?
tap_status "it does not listen in the Internet" 1 "$top_builddir/tests/tools/relay_host" \
	--smarthost "$smart" "8.8.8.8=$scratch/open"
tap_status "a file of hosts that is not there" 1 "$top_builddir/tests/tools/relay_host" \
	--smarthost "$smart" --hosts "$scratch/none"
tap_status "a file of hosts with nonsense" 1 "$top_builddir/tests/tools/relay_host" \
	--smarthost "$smart" --hosts "$scratch/open"
tap_status "nor send there" 1 "$top_builddir/tests/tools/relay_host" \
	--smarthost 8.8.8.8:25 "127.9.1.1=$scratch/open"
tap_done
