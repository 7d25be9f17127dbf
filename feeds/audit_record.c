#include <orbl/audit_record.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

/* --- text ------------------------------------------------------------------- */

enum { FIRST_PRINTABLE = 0xa0, BYTE_MARKS_FROM = 0x80 };

/* Characters that change how others look: who reads a log is not to be misled. */
static bool
is_hidden(uint32_t c)
{
	return c < FIRST_PRINTABLE || (c >= 0x200b && c <= 0x200f) ||
		(c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
		(c >= 0xd800 && c <= 0xf8ff) || c == 0xfeff || (c & 0xfffe) == 0xfffe ||
		c > 0xe01ef;
}

/* Bytes of the character at p, or 0: it is none that may stand here (RFC 3629 section 4). */
static size_t
character_length(const uint8_t *p, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t c = p[0] & (0x7fU >> len);

	if (p[0] < BYTE_MARKS_FROM)
		return p[0] >= ' ' && p[0] <= '~' ? 1 : 0;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fU);
	}
	return c < least[len] || is_hidden(c) ? 0 : len;
}

void
audit_record_text(const char *s, char *out, size_t size)
{
	const uint8_t *p = (const uint8_t *)(s != NULL ? s : "");
	size_t left = strlen((const char *)p), room = size - 1;

	while (left != 0) {
		size_t len = character_length(p, left), taken = len != 0 ? len : 1;

		if (taken > room)
			break;
		if (len != 0)
			memcpy(out, p, len);
		else
			*out = '?';
		out += taken;
		room -= taken;
		p += taken;
		left -= taken;
	}
	*out = '\0';
}

void
audit_hex(const uint8_t *bytes, size_t len, char *out)
{
	sodium_bin2hex(out, 2 * len + 1, bytes, len);
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err
audit_from_hex(struct text hex, uint8_t *out, size_t len)
{
	if (hex.len != 2 * len)
		return ERR_SYNTAX;
	for (size_t i = 0; i < len; i++) {
		int high = nibble(hex.p[2 * i]), low = nibble(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_SYNTAX;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return OK;
}

/* --- writing ---------------------------------------------------------------- */

static char *
put(char *at, const char *s)
{
	size_t len = strlen(s);

	memcpy(at, s, len);
	return at + len;
}

static char *
put_string(char *at, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			*at++ = '\\';
		*at++ = *s;
	}
	return at;
}

static char *
put_hex(char *at, const uint8_t *bytes, size_t len)
{
	audit_hex(bytes, len, at);
	return at + 2 * len;
}

static char *
put_number(char *at, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	return put(at, text);
}

size_t
audit_record_json(const struct audit_record *r, char out[AUDIT_RECORD_MAX])
{
	char *at = put_string(put(out, "{\"action\":\""), r->action);

	at = put_string(put(at, "\",\"author\":\""), r->author);
	at = put_string(put(at, "\",\"detail\":\""), r->detail);
	at = put_number(put(at, "\",\"seq\":"), r->seq);
	at = put_string(put(at, ",\"subject\":\""), r->subject);
	at = put_number(put(at, "\",\"time\":"), (uint64_t)r->time_s);
	at = put(at, "}");
	*at = '\0';
	return (size_t)(at - out);
}

size_t
audit_entry_line(const struct audit_entry *x, char out[AUDIT_LINE_MAX])
{
	char *at = put_hex(put(out, "{\"hash\":\""), x->hash, AUDIT_HASH);

	at = put_hex(put(at, "\",\"previous\":\""), x->previous, AUDIT_HASH);
	at = put(at, "\",\"record\":");
	at += audit_record_json(&x->record, at);
	at = put(at, ",\"signature\":\"");
	if (x->is_signed)
		at = put_hex(at, x->signature, AUDIT_SIGNATURE);
	at = put(at, "\"}");
	*at = '\0';
	return (size_t)(at - out);
}

/* --- sealing ---------------------------------------------------------------- */

void
audit_entry_hash(const struct audit_entry *x, uint8_t out[AUDIT_HASH])
{
	char json[AUDIT_RECORD_MAX];
	size_t len = audit_record_json(&x->record, json);
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, AUDIT_HASH);
	crypto_generichash_update(&state, x->previous, AUDIT_HASH);
	crypto_generichash_update(&state, (const uint8_t *)json, len);
	crypto_generichash_final(&state, out, AUDIT_HASH);
}

void
audit_entry_seal(struct audit_entry *x, const uint8_t secret[AUDIT_SECRET])
{
	audit_entry_hash(x, x->hash);
	x->is_signed = false;
	if (secret != NULL)
		audit_entry_sign(x, secret);
}

void
audit_entry_sign(struct audit_entry *x, const uint8_t secret[AUDIT_SECRET])
{
	crypto_sign_detached(x->signature, NULL, x->hash, AUDIT_HASH, secret);
	x->is_signed = true;
}

bool
audit_entry_is_whole(const struct audit_entry *x)
{
	uint8_t hash[AUDIT_HASH];

	audit_entry_hash(x, hash);
	return memcmp(hash, x->hash, AUDIT_HASH) == 0;
}

bool
audit_entry_is_signed_by(const struct audit_entry *x, const uint8_t key[AUDIT_PUBLIC])
{
	return x->is_signed &&
		crypto_sign_verify_detached(x->signature, x->hash, AUDIT_HASH, key) == 0;
}

bool
audit_entry_names_key(const struct audit_entry *x, uint8_t key[AUDIT_PUBLIC])
{
	return strcmp(x->record.action, "key") == 0 &&
		audit_from_hex(text_of(x->record.subject), key, AUDIT_PUBLIC) == OK &&
		audit_entry_is_whole(x) && audit_entry_is_signed_by(x, key);
}

/* --- reading ---------------------------------------------------------------- */

/* What is left of the line; failed stays where the first thing was wrong. */
struct line_reader {
	struct text rest;
	bool failed;
};

static void
take(struct line_reader *r, const char *literal)
{
	struct text wanted = text_of(literal);

	if (r->failed || !text_has_prefix(r->rest, wanted))
		r->failed = true;
	else
		r->rest = text_from(r->rest, wanted.len);
}

static void
take_hex(struct line_reader *r, uint8_t *out, size_t len)
{
	if (r->failed || audit_from_hex(text_upto(r->rest, 2 * len), out, len) != OK)
		r->failed = true;
	else
		r->rest = text_from(r->rest, 2 * len);
}

/* As it is written: decimal, without leading zeros, small enough for every reader of JSON. */
static void
take_number(struct line_reader *r, uint64_t *out)
{
	size_t len = 0;

	while (len < r->rest.len && r->rest.p[len] >= '0' && r->rest.p[len] <= '9')
		len++;
	if (r->failed || len == 0 || (len > 1 && r->rest.p[0] == '0') ||
		text_to_u64(text_upto(r->rest, len), (UINT64_C(1) << 53) - 1, out) != OK)
		r->failed = true;
	else
		r->rest = text_from(r->rest, len);
}

/* Up to the quote that ends it. */
static void
take_string(struct line_reader *r, char *out, size_t size)
{
	size_t n = 0, room = size - 1;

	while (!r->failed && r->rest.len != 0 && r->rest.p[0] != '"') {
		size_t escaped = r->rest.p[0] == '\\', len;

		r->rest = text_from(r->rest, escaped);
		len = r->rest.len != 0 ? character_length((const uint8_t *)r->rest.p, r->rest.len) :
					 0;
		if (len == 0 || len > room - n ||
			(escaped && r->rest.p[0] != '"' && r->rest.p[0] != '\\')) {
			r->failed = true;
			return;
		}
		memcpy(out + n, r->rest.p, len);
		n += len;
		r->rest = text_from(r->rest, len);
	}
	out[n] = '\0';
}

static void
take_record(struct line_reader *r, struct audit_record *out)
{
	uint64_t time_s = 0;

	take(r, "{\"action\":\"");
	take_string(r, out->action, sizeof(out->action));
	take(r, "\",\"author\":\"");
	take_string(r, out->author, sizeof(out->author));
	take(r, "\",\"detail\":\"");
	take_string(r, out->detail, sizeof(out->detail));
	take(r, "\",\"seq\":");
	take_number(r, &out->seq);
	take(r, ",\"subject\":\"");
	take_string(r, out->subject, sizeof(out->subject));
	take(r, "\",\"time\":");
	take_number(r, &time_s);
	take(r, "}");
	out->time_s = (int64_t)time_s;
}

enum err
audit_entry_read(struct text line, struct audit_entry *out, size_t *offset)
{
	struct line_reader r = {line, false};

	*out = (struct audit_entry){.is_signed = false};
	take(&r, "{\"hash\":\"");
	take_hex(&r, out->hash, AUDIT_HASH);
	take(&r, "\",\"previous\":\"");
	take_hex(&r, out->previous, AUDIT_HASH);
	take(&r, "\",\"record\":");
	take_record(&r, &out->record);
	take(&r, ",\"signature\":\"");
	out->is_signed = !r.failed && !text_has_prefix(r.rest, TEXT("\""));
	if (out->is_signed)
		take_hex(&r, out->signature, AUDIT_SIGNATURE);
	take(&r, "\"}");
	*offset = line.len - r.rest.len;
	return r.failed || r.rest.len != 0 ? ERR_SYNTAX : OK;
}
