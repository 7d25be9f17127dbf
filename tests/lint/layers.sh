#!/bin/bash
# layers.sh - includes point one way: dnsd, analyzer -> feeds -> feeds/base -> include.
#
# A name in quotes must lie in the includer's own layer; <orbl/...> is open to all but the
# layers below the one that implements it. Each third-party library has its place, too.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/lint/files.sh"

mapfile -t c < <(lint_c | grep -v '^tests/')
cd "$top_srcdir" || exit 1
[ "${#c[@]}" -gt 20 ] || tap_bail "only ${#c[@]} C files found below $top_srcdir"

# FILE:LINE:#include "NAME" of a layer, as "FILE NAME".
includes() { # OPENING FILE-PATTERN
	printf '%s\n' "${c[@]}" | grep -E "$2" |
		xargs -r grep -HE "^[[:space:]]*#[[:space:]]*include[[:space:]]*$1" |
		sed 's/^\([^:]*\):[^"<]*["<]\([^">]*\)[">].*/\1 \2/'
}

# Which quoted includes of files that match $1 lie in none of the folders that follow?
strangers() { # FILE-PATTERN FOLDER...
	local pattern=$1 file name folder found
	shift
	includes '"' "$pattern" | while read -r file name; do
		found=$([ "$name" = config.h ] && echo yes)
		for folder in "$@"; do
			[ ! -f "$folder/$name" ] || found=yes
		done
		case $name in *..*) found= ;; esac
		[ -n "$found" ] || echo "$file includes \"$name\""
	done
}

# <orbl/X.h> is of feeds/, not of feeds/base/, when feeds/X.c or feeds/X_*.c implements it.
uses_of_feeds() { # FILE-PATTERN
	local file name stem
	includes '<orbl/' "$1" | while read -r file name; do
		stem=${name#orbl/}
		stem=${stem%.h}
		[ ! -f "feeds/$stem.c" ] && [ ! -f "feeds/snapshot/$stem.c" ] &&
			[ ! -f "feeds/store/$stem.c" ] ||
			echo "$file includes <$name>"
	done
}

uses_elsewhere() { # HEADER-PATTERN FOLDER-PATTERN
	includes '[<"]' '.' | grep -E " $1\$" | grep -vE "^$2"
}

lint_none 'include/orbl includes nothing of ours in quotes' "$(includes '"' '^include/')"
lint_none 'include/orbl knows no library but jansson' \
	"$(includes '<' '^include/' |
		grep -E ' (confuse|sqlite3|sodium|seccomp|xxhash|event|ldns)')"
lint_none 'feeds/base includes itself alone' "$(strangers '^feeds/base/' feeds/base)"
lint_none 'feeds/base uses nothing of feeds' "$(uses_of_feeds '^feeds/base/')"
lint_none 'feeds/snapshot includes itself and feeds/base' \
	"$(strangers '^feeds/snapshot/' feeds/snapshot feeds/base)"
lint_none 'feeds/store includes itself and feeds/base' \
	"$(strangers '^feeds/store/' feeds/store feeds/base)"
lint_none 'feeds/rbldnsd includes itself and feeds' \
	"$(strangers '^feeds/rbldnsd/' feeds/rbldnsd feeds feeds/base)"
lint_none 'feeds includes nothing of dnsd and analyzer' \
	"$(strangers '^feeds/[^/]*$' feeds feeds/base)"
dnsd=(dnsd)
for folder in "${lint_dnsd[@]}"; do
	dnsd+=("$folder")
	lint_none "$folder includes what stands below it" "$(strangers "^$folder/" "${dnsd[@]}")"
done
lint_none 'dnsd includes itself alone' "$(strangers '^dnsd/' "${dnsd[@]}")"
lint_none 'the folders of dnsd are these' \
	"$(printf '%s\n' "${c[@]}" | grep -E '^dnsd/' | sed 's#/[^/]*$##' | sort -u |
		grep -vxF "$(printf '%s\n' "${dnsd[@]}")")"
analyzer=(analyzer analyzer/{input,reader,frame,parse,eventlog,syslog,submit,relay,probe,collector,queue}
	analyzer/{evidence,decide,guard,delist,publish,audit,control})
lint_none 'analyzer includes itself alone, and not the command' "$(strangers \
	'^analyzer/' "${analyzer[@]}" | grep -vE '^analyzer/(cli|follow)/')"
lint_none 'the command includes the analyzer alone' "$(strangers '^analyzer/(cli|follow)/' \
	analyzer/cli analyzer/follow "${analyzer[@]}")"
lint_none 'libconfuse is in feeds/base/conf* alone' \
	"$(uses_elsewhere 'confuse\.h' 'feeds/base/conf')"
lint_none 'SQLite is in feeds/store alone' "$(uses_elsewhere 'sqlite3\.h' 'feeds/store/')"
lint_none 'libevent is in the analyzer alone' "$(uses_elsewhere '(event2/.*|event\.h)' 'analyzer/')"
lint_none 'libfstrm is in dnsd/observe alone' "$(uses_elsewhere 'fstrm\.h' 'dnsd/observe/')"
lint_none 'libseccomp is in a sandbox alone' "$(uses_elsewhere 'seccomp\.h' '.*sandbox')"
lint_none 'no source is included' "$(includes '[<"]' '.' | grep '\.c$')"
tap_done
