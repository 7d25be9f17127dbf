#include "command.h"

#include <orbl/store_audit.h>

#include "command_json.h"
#include "command_part.h"

/* Of one answer: a line of the protocol must hold it, however much of it is escaped. */
enum { PAGE_RECORDS = 512, PAGE_BYTES = 1 << 17 };

struct page {
	json_t *records;
	size_t bytes, count;
};

static enum err
on_entry(const struct audit_entry *x, void *context)
{
	struct page *p = context;
	char line[AUDIT_LINE_MAX];
	size_t len = audit_entry_line(x, line);

	p->bytes += len;
	p->count++;
	if (json_array_append_new(p->records, json_stringn(line, len)) != 0)
		return ERR_MEMORY;
	return p->bytes < PAGE_BYTES ? OK : ERR_FULL;
}

static enum err
read_page(const struct command_context *c, uint64_t since, struct page *p, struct error *e)
{
	enum err err = store_audit_entries(c->store, since, PAGE_RECORDS, on_entry, p, e);

	return err == ERR_FULL ? OK : err;
}

static json_t *
key_json(const struct command_context *c, struct error *e)
{
	uint8_t key[AUDIT_PUBLIC];
	char text[2 * AUDIT_PUBLIC + 1];
	bool has = false;

	if (store_audit_public(c->store, key, &has, e) != OK || !has)
		return json_null();
	audit_hex(key, sizeof(key), text);
	return json_string(text);
}

static json_t *
head_json(const struct store_audit_head *head)
{
	char hash[2 * AUDIT_HASH + 1];

	audit_hex(head->hash, sizeof(head->hash), hash);
	return json_pack("{s:I, s:o, s:s}", "seq", (json_int_t)head->seq, "time",
		command_json_time(head->time_s), "hash", hash);
}

/* Without "since": the head and the key alone. */
struct command_answer
command_audit(const struct command_context *c, const struct command_request *r)
{
	const json_t *since = json_object_get(r->json, "since");
	struct page page = {.bytes = 0};
	struct error e = {.code = OK};
	struct store_audit_head head;
	json_t *key;

	if (since != NULL && (!json_is_integer(since) || json_integer_value(since) < 1))
		return command_refuse(ERR_SYNTAX, "since must be the number of a record, from 1");
	page.records = json_array();
	if (store_audit_head(c->store, &head, &e) != OK ||
		(since != NULL &&
			read_page(c, (uint64_t)json_integer_value(since), &page, &e) != OK)) {
		json_decref(page.records);
		return command_failure(&e);
	}
	key = key_json(c, &e);
	return (struct command_answer){
		.object = json_pack("{s:b, s:o, s:o, s:o}", "ok", 1, "key", key, "head",
			head_json(&head), "records", page.records)};
}
