#!/bin/bash
# headers.sh - every header compiles alone, and twice; every source includes its own first.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/lint/files.sh"

packages='libconfuse jansson sqlite3 libevent libsodium libseccomp libxxhash check ldns'
flags=(-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -x c
	-I"$top_srcdir/include" -I"$top_builddir")
# shellcheck disable=SC2207 # flags are words
flags+=($("${PKG_CONFIG:-pkg-config}" --cflags $packages)) || tap_bail 'pkg-config does not answer'

analyzer=(analyzer analyzer/{input,reader,frame,parse,eventlog,syslog,submit,relay,probe,collector})
analyzer+=(analyzer/{queue,evidence,decide,guard,delist,publish,audit,control,cli,follow})

dnsd=(dnsd "${lint_dnsd[@]}")

# A header sees what the sources of its layer see.
layer_flags() { # HEADER
	case $1 in
	dnsd/*)
		printf -- "-I$top_srcdir/%s\n" "${dnsd[@]}"
		;;
	analyzer/*)
		printf -- "-I$top_srcdir/%s\n" "${analyzer[@]}"
		;;
	tests/*)
		printf -- "-I$top_srcdir/%s\n" "${1%/*}" tests/unit tests/tools "${dnsd[@]}" \
			"${analyzer[@]}" feeds feeds/base feeds/snapshot feeds/store feeds/rbldnsd
		;;
	feeds/*)
		printf -- "-I$top_srcdir/%s\n" "${1%/*}" feeds feeds/base
		;;
	*) printf -- '-I%s\n' "$top_srcdir/${1%/*}" ;;
	esac
}

compile_alone() { # COMPILER
	local header own
	for header in "${headers[@]}"; do
		mapfile -t own < <(layer_flags "$header")
		printf '#include "%s"\n#include "%s"\ntypedef int lint_not_empty;\n' \
			"$top_srcdir/$header" "$top_srcdir/$header" |
			"$1" "${flags[@]}" "${own[@]}" - 2>&1 | sed "s|^|$header: |"
	done
}

# Of snapshot_builder.c that is snapshot_builder.h or snapshot.h.
own_header_first() {
	local source header first stem
	for source in "${sources[@]}"; do
		header=${source%.c}.h
		[ -f "$header" ] || [ -f "include/orbl/${header##*/}" ] || continue
		first=$(grep -m1 '^#include' "$source" | sed 's/.*["<]\(.*\)[">]/\1/')
		stem=${first##*/}
		[[ ${source##*/} == "${stem%.h}"[._]* ]] || echo "$source: first includes $first"
	done
}

mapfile -t headers < <(lint_files '*.h')
mapfile -t sources < <(lint_files '*.c' | grep -v '^tests/')
cd "$top_srcdir" || exit 1
[ "${#headers[@]}" -gt 10 ] || tap_bail "only ${#headers[@]} headers found below $top_srcdir"
for compiler in gcc clang; do
	command -v "$compiler" >/dev/null || continue
	lint_none "headers compile alone with $compiler" "$(compile_alone "$compiler" | head -50)"
done
lint_none 'sources include their own header first' "$(own_header_first)"
tap_done
