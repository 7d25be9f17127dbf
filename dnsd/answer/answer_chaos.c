#include "answer_chaos.h"

#include <string.h>

enum { STRING_MAX = 255 };

static const struct chaos_row {
	uint8_t len;
	uint8_t name[16];
	bool is_version; /* else the identity */
} rows[] = {
	{14, "\7version\4bind", true},
	{16, "\7version\6server", true},
	{15, "\10hostname\4bind", false},
	{11, "\2id\6server", false},
};

static const struct chaos_row *
find_row(const struct query_name *n)
{
	uint8_t lower[WIRE_NAME_MAX];

	memcpy(lower, n->wire, n->len);
	wire_name_lower(lower, n->len);
	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		if (n->len == rows[i].len && memcmp(lower, rows[i].name, rows[i].len) == 0)
			return &rows[i];
	return NULL;
}

bool
answer_chaos_write(struct reply *r, const struct answer_config *config)
{
	const struct chaos_row *row = find_row(&r->query->name);
	char string[STRING_MAX + 1];
	struct text t;

	if (row == NULL || (r->query->type != TYPE_TXT && r->query->type != TYPE_ANY))
		return false;
	t = text_upto(row->is_version ? config->version : config->identity, STRING_MAX);
	if (t.len == 0)
		return false;
	string[0] = (char)t.len;
	memcpy(string + 1, t.p, t.len);
	reply_record(r, CLASS_CH, TYPE_TXT, 0, (struct text){string, t.len + 1});
	return true;
}
