# dns_ask.sh - questions to orbl-dnsd whose answer tells "not listed" from "no answer": source it
# after orbl_lab.sh.
#
#	dns_ask NAME [TYPE]          the records, or NXDOMAIN, NODATA, another status, "no answer"
#	dns_name ADDRESS [SUBZONE]   the name of an IPv4 address in the zone, or in a subzone

dns_ask() { # NAME [TYPE]
	dig @127.0.0.1 -p "$orbl_dns_port" +norecurse +tries=2 +time=2 "$1" "${2:-A}" |
		awk -v type="${2:-A}" '
			BEGIN { status = "no answer" }
			sub(/^;; ->>HEADER.*status: /, "") && sub(/,.*/, "") { status = $0 }
			$4 == type && !/^;/ {
				for (i = 0; i < 4; i++) sub(/^[^\t ]+[\t ]+/, "") # name, TTL, class, type
				print
				found = 1
			}
			END { if (!found) print status == "NOERROR" ? "NODATA" : status }'
}

dns_name() { # ADDRESS [SUBZONE]
	local a b c d
	IFS=. read -r a b c d <<<"$1"
	printf '%s.%s.%s.%s.%sdnsbl.test\n' "$d" "$c" "$b" "$a" "${2:+$2.}"
}
