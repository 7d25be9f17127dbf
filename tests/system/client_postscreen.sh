# client_postscreen.sh - a real Postfix with what `orbl snippet postscreen` prints: client_postfix.sh
# with other values. postscreen tells the name of the zone, not the TXT record.
daemon=postscreen
snippet=postscreen
. "${top_srcdir:?}/tests/system/client_postfix.sh"
