#include "audit_verify.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written again as it was: nobody can say the same in two ways. */
static void
read_line(struct text line)
{
	struct audit_entry x;
	char again[AUDIT_LINE_MAX], clean[AUDIT_DETAIL];
	size_t offset;

	if (audit_entry_read(line, &x, &offset) != OK) {
		assert(offset <= line.len);
		return;
	}
	assert(offset == line.len && line.len < AUDIT_LINE_MAX);
	assert(audit_entry_line(&x, again) == line.len && memcmp(again, line.p, line.len) == 0);
	audit_record_text(x.record.detail, clean, sizeof(clean));
	assert(strcmp(clean, x.record.detail) == 0);
}

static struct audit_verifier
verify(struct text log, size_t piece)
{
	struct audit_verifier v = {.key_count = 0};

	for (struct text rest = log; rest.len != 0; rest = text_from(rest, piece))
		(void)audit_verify_feed(&v, text_upto(rest, piece));
	(void)audit_verify_end(&v);
	assert(v.fault < AUDIT_FAULT_COUNT && (v.fault == AUDIT_SOUND) == (v.why[0] == '\0'));
	return v;
}

/* However it comes, and with a key that has signed none of it. */
static void
verify_all(struct text log)
{
	struct audit_verifier whole = verify(log, SIZE_MAX), pieces = verify(log, 7);
	struct audit_verifier v = {.key_count = 1};

	assert(whole.fault == pieces.fault && whole.lines == pieces.lines);
	assert(whole.seq == pieces.seq && memcmp(whole.hash, pieces.hash, AUDIT_HASH) == 0);
	assert(whole.fault != AUDIT_SOUND || whole.seq == whole.lines);
	(void)audit_verify_feed(&v, log);
	assert(!audit_verify_end(&v) || log.len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text log = {(const char *)data, size}, rest = log, line;

	while (text_next_line(&rest, &line))
		read_line(line);
	verify_all(log);
	return 0;
}
