# transfer_tls_lib.sh - sourced by transfer_tls*.sh, after transfer_lib.sh: certificates, and what
# goes over the wire.
#
#	tls_authority NAME                   $tls/NAME.crt signs what follows
#	tls_certificate FILE NAME [DAYS]     $tls/FILE.crt, FILE.key for a domain name
#	capture_start [PORT], capture_stop   prints what was seen of $tls_port, or of that port

tls=$dir/tls
tls_port=$((14000 + RANDOM % 6000))
tls_name=primary.test
tls_owner=nobody # of keys, when we are root
mkdir "$tls"

tls_authority() { # NAME
	authority=$1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
		-keyout "$tls/$1.key" -out "$tls/$1.crt" 2>/dev/null || tap_bail 'no CA'
}

# Who serves may be nobody by then.
tls_certificate() { # FILE NAME [DAYS]
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$tls/$1.key.new" -out "$tls/$1.csr" 2>/dev/null || tap_bail 'no key'
	openssl x509 -req -in "$tls/$1.csr" -CA "$tls/$authority.crt" -CAkey "$tls/$authority.key" \
		-CAcreateserial -days "${3:-30}" -out "$tls/$1.crt.new" \
		-extfile <(echo "subjectAltName=DNS:$2") 2>/dev/null || tap_bail 'no certificate'
	[ "$(id -u)" != 0 ] || chown "$tls_owner" "$tls/$1.key.new"
	mv "$tls/$1.key.new" "$tls/$1.key"
	mv "$tls/$1.crt.new" "$tls/$1.crt"
}

# Only root can.
capture_start() {
	rm -f "$dir/capture" # that it is there says that the new one is ready
	python3 "$top_srcdir/tests/system/tls_capture.py" "${1:-$tls_port}" >"$dir/capture" \
		2>"$dir/capture.log" &
	capture_pid=$!
	other_pids="$other_pids $capture_pid"
	wait_until 10 [ -s "$dir/capture" ]
}

capture_stop() {
	kill "$capture_pid"
	wait_until 30 grep -q readable "$dir/capture"
	tail -n 1 "$dir/capture"
}
