#include "audit_verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *
audit_fault_name(enum audit_fault f)
{
	static const char *const names[AUDIT_FAULT_COUNT] = {
		[AUDIT_SOUND] = "sound",
		[AUDIT_BAD_JSON] = "JSON",
		[AUDIT_BAD_SEQUENCE] = "sequence",
		[AUDIT_BAD_CHAIN] = "chain",
		[AUDIT_BAD_HASH] = "hash",
		[AUDIT_BAD_SIGNATURE] = "signature",
		[AUDIT_TORN] = "torn",
		[AUDIT_NO_HEAD] = "head",
		[AUDIT_EMPTY] = "empty",
	};

	return (size_t)f < AUDIT_FAULT_COUNT ? names[f] : "unknown";
}

static bool
fail(struct audit_verifier *v, enum audit_fault fault, const char *fmt, ...) ORBL_PRINTF(3, 4);

static bool
fail(struct audit_verifier *v, enum audit_fault fault, const char *fmt, ...)
{
	va_list args;

	v->fault = fault;
	va_start(args, fmt);
	vsnprintf(v->why, sizeof(v->why), fmt, args);
	va_end(args);
	return false;
}

static uint64_t
next_seq(const struct audit_verifier *v)
{
	if (v->lines > 1)
		return v->seq + 1;
	return v->since != 0 ? v->since : 1;
}

static bool
is_after_the_last(struct audit_verifier *v, const struct audit_entry *x)
{
	static const uint8_t none[AUDIT_HASH];
	bool first = x->record.seq == 1;

	if (first && memcmp(x->previous, none, AUDIT_HASH) != 0)
		return fail(v, AUDIT_BAD_CHAIN, "the first record names one before it");
	if (v->lines > 1 && memcmp(x->previous, v->hash, AUDIT_HASH) != 0)
		return fail(v, AUDIT_BAD_CHAIN, "the hash before it is not that of record %" PRIu64,
			v->seq - 1);
	return true;
}

static bool
is_signed(struct audit_verifier *v, const struct audit_entry *x)
{
	v->not_signed += !x->is_signed;
	for (size_t i = 0; i < v->key_count; i++)
		if (audit_entry_is_signed_by(x, v->keys[i])) {
			if (i != 0)
				v->other_key = x->record.seq;
			return true;
		}
	if (v->key_count == 0)
		return true;
	return fail(v, AUDIT_BAD_SIGNATURE, "%s",
		x->is_signed ? "it is not that of the key; one that was in use before needs "
			       "another --key: records `key` name them" :
			       "the record is not signed");
}

static bool
take_line(struct audit_verifier *v, struct text line)
{
	struct audit_entry x;
	uint64_t expected;
	size_t offset;

	v->lines++;
	expected = next_seq(v);
	v->seq = expected;
	if (audit_entry_read(line, &x, &offset) != OK)
		return fail(v, AUDIT_BAD_JSON, "not as the analyzer writes it, from byte %zu on",
			offset + 1);
	if (v->lines == 1)
		v->first = x.record.seq;
	v->seq = x.record.seq;
	if (x.record.seq != expected)
		return fail(v, AUDIT_BAD_SEQUENCE, "record %" PRIu64 " should be here", expected);
	if (!is_after_the_last(v, &x))
		return false;
	if (!audit_entry_is_whole(&x))
		return fail(v, AUDIT_BAD_HASH, "it is not that of the record");
	if (!is_signed(v, &x))
		return false;
	memcpy(v->hash, x.hash, AUDIT_HASH);
	v->has_head = v->has_head ||
		(memcmp(v->hash, v->head, AUDIT_HASH) == 0 &&
			(v->head_seq == 0 || v->head_seq == v->seq));
	return true;
}

/* A line that is too long is no record: what it begins with tells where it is wrong. */
static void
hold(struct audit_verifier *v, struct text bytes)
{
	size_t room = sizeof(v->line) - v->held, len = bytes.len < room ? bytes.len : room;

	memcpy(v->line + v->held, bytes.p, len);
	v->held += len;
}

bool
audit_verify_feed(struct audit_verifier *v, struct text bytes)
{
	while (v->fault == AUDIT_SOUND && bytes.len != 0) {
		size_t end = text_find_byte(bytes, '\n');

		hold(v, text_upto(bytes, end));
		if (end == SIZE_MAX && v->held < sizeof(v->line))
			break;
		(void)take_line(v, (struct text){v->line, v->held});
		v->held = 0;
		bytes = text_from(bytes, end == SIZE_MAX ? end : end + 1);
	}
	return v->fault == AUDIT_SOUND;
}

bool
audit_verify_end(struct audit_verifier *v)
{
	if (v->fault != AUDIT_SOUND)
		return false;
	if (v->held != 0) {
		v->lines++;
		v->seq = next_seq(v);
		return fail(v, AUDIT_TORN, "the last line has no end");
	}
	if (v->lines == 0)
		return fail(v, AUDIT_EMPTY, "there is no record: no log of ours is empty");
	if (v->wants_head && !v->has_head)
		return fail(v, AUDIT_NO_HEAD, "no record has the hash of the head asked for");
	return true;
}

/* The date only tells people which head it is. */
enum err
audit_verify_want(struct audit_verifier *v, struct text head)
{
	struct text date = head, seq, hash = head;

	v->wants_head = true;
	v->head_seq = 0;
	if (text_find_byte(head, ':') != SIZE_MAX) {
		hash = head;
		date = text_cut(&hash, ':');
		seq = text_cut(&hash, ':');
		if (date.len == 0 || text_to_u64(seq, INT64_MAX, &v->head_seq) != OK ||
			v->head_seq == 0)
			return ERR_SYNTAX;
	}
	return audit_from_hex(hash, v->head, AUDIT_HASH);
}
