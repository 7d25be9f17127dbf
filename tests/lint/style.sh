#!/bin/bash
# style.sh - the rules of the house that a machine can check.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/lint/files.sh"

mapfile -t c < <(lint_c)
mapfile -t headers < <(lint_files '*.h')
mapfile -t code < <(lint_files '*.c' '*.h' '*.sh' '*.py' '*.am' '*.ac')
mapfile -t scripts < <(lint_files '*.sh' bootstrap)
mapfile -t text < <(lint_text)
cd "$top_srcdir" || exit 1
[ "${#c[@]}" -gt 20 ] || tap_bail "only ${#c[@]} C files found below $top_srcdir"

long_lines() { # LIMIT FILE...
	local limit=$1 file
	shift
	for file in "$@"; do
		expand -t8 "$file" | awk -v f="$file" -v limit="$limit" \
			'length > limit { print f ":" NR ": " length }'
	done
}

# The line before a brace in column 0 that starts in column 0 is the function's name.
misplaced_names() {
	awk '/^\{/ && last !~ /^[A-Za-z_][A-Za-z0-9_]*\(/ { print FILENAME ":" FNR ": " last }
		/^[^ \t{}\/*#]/ { last = $0 }' "$@"
}

long_functions() {
	awk '/^\{/ { start = FNR }
		/^\}/ && start { if (FNR - start > 61) print FILENAME ":" start ": " FNR - start - 1
			start = 0 }' "$@"
}

# Static variables that are neither constant nor a thread's own. Named here are the few there
# have to be: the log, and what a signal handler may touch.
mutable_globals() {
	grep -nE '^static [^()]*(=|;)' "$@" | grep -vE \
		-e ':static (const |.*\bconst [a-z_]+(\[|\b.* =|;))' -e '\*const |_Static_assert' \
		-e ':static (_Thread_local|_Atomic|volatile sig_atomic_t) ' -e '^feeds/base/log\.c:'
}

product=()
for file in "${c[@]}"; do
	case $file in tests/*) ;; *) product+=("$file") ;; esac
done

lint_none 'lines of C have at most 100 columns' "$(long_lines 100 "${c[@]}")"
# Patterns and expected output cannot be wrapped.
lint_none 'lines of other code have at most 120 columns' "$(long_lines 120 "${code[@]}")"
lint_none 'code is indented with tabs' "$(grep -nE \
	'^ +(if|then|for|while|do|done|fi|case|esac|local|return|switch|struct|enum)\b' \
	"${c[@]}" "${scripts[@]}")"
lint_none 'no blanks at the end of a line' "$(grep -nE '[ 	]+$' "${text[@]}")"
lint_none 'each file ends with one line feed' "$(for file in "${text[@]}"; do
	[ ! -s "$file" ] || [ "$(tail -c1 "$file" | od -An -c | tr -d ' ')" = '\n' ] || echo "$file"
done)"
lint_none 'no carriage returns' "$(grep -lE $'\r' "${text[@]}")"
lint_none 'no string functions without a bound, no unchecked numbers' \
	"$(grep -nE '\b(str(n?cpy|n?cat|tok)|v?sprintf|ato[il]l?|atof|gets|alloca)[[:space:]]*\(' \
		"${c[@]}")"
lint_none 'no extern variables' "$(grep -nE '^[[:space:]]*extern\b' "${c[@]}")"
lint_none 'no mutable globals' "$(mutable_globals "${product[@]}")"
lint_none 'comments are /* */' "$(grep -nE '(^|[;{}])[[:space:]]*//' "${c[@]}")"
lint_none 'function names start in column 0' "$(misplaced_names "${c[@]}")"
lint_none 'functions have at most 60 lines' "$(long_functions "${product[@]}")"
lint_none 'files have at most 600 lines' \
	"$(wc -l "${code[@]}" | awk '$1 > 600 && $2 != "total" && $2 !~ /\.am$/')"
lint_none 'headers have at most 200 lines' \
	"$(wc -l "${headers[@]}" | awk '$1 > 200 && $2 != "total"')"
lint_none 'no paths of one machine' \
	"$(grep -nE "(^|[[:space:]=:(<>'\`])\"?/(work|root|home)/" "${text[@]}")"

if command -v clang-format-14 >/dev/null; then
	lint_none 'C is formatted as .clang-format says' \
		"$(clang-format-14 --dry-run "${c[@]}" 2>&1 | grep warning: | cut -d: -f1 |
			uniq -c)"
fi
if command -v shellcheck >/dev/null; then
	lint_none 'shellcheck has no warnings' \
		"$(shellcheck -s bash -S warning -e SC1090,SC1091,SC2034,SC2154 -f gcc \
			"${scripts[@]}")"
fi
tap_done
