/* fuzz_rbldnsd_names.c - any text compiled as a data set of names; FUZZ_TYPE says of which type.
 *
 * A form feed begins a second file. What comes out must open, and each word of the text asked as
 * a name must have a well-formed answer.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <orbl/feed.h>
#include <orbl/snapshot_layer.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_S = 1800000000, QUERIES_MAX = 200 };

struct query {
	uint8_t wire[256], label_at[128];
	size_t labels;
};

static bool
take_query(struct text word, struct query *q)
{
	size_t at = 0;

	q->labels = 0;
	while (word.len != 0) {
		struct text label = text_cut(&word, '.');

		if (label.len == 0)
			continue;
		if (label.len > 63 || at + label.len + 2 > 255)
			return false;
		q->label_at[q->labels++] = (uint8_t)at;
		q->wire[at++] = (uint8_t)label.len;
		for (size_t i = 0; i < label.len; i++, at++)
			q->wire[at] = (uint8_t)(label.p[i] >= 'A' && label.p[i] <= 'Z' ?
					label.p[i] | 0x20 :
					label.p[i]);
	}
	q->wire[at] = 0;
	return true;
}

/* --- what an answer looks like --- */

static void
check_name(const uint8_t *p, const uint8_t *end)
{
	assert(end - p <= 255);
	for (; p < end && *p != 0; p += 1 + *p)
		assert(*p <= 63);
	assert(p == end - 1);
}

static void
check_record(const struct snapshot_record *r)
{
	const uint8_t *p = (const uint8_t *)r->rdata.p, *end = p + r->rdata.len;

	assert(r->ttl_s != 0 && r->ttl_s <= INT32_MAX);
	switch (r->type) {
	case 1: assert(r->rdata.len == 4); break;
	case 28: assert(r->rdata.len == 16); break;
	case 15:
		assert(r->rdata.len >= 3);
		check_name(p + 2, end);
		break;
	case 16:
		assert(p < end);
		while (p < end)
			p += 1 + *p;
		assert(p == end);
		break;
	case 257: assert(r->rdata.len >= 3 && p[1] != 0 && 2 + (size_t)p[1] <= r->rdata.len); break;
	default: assert(0);
	}
}

static void
check_view(const struct snapshot_view *v)
{
	assert(v->action == SNAPSHOT_LISTED);
	assert(v->a_count + v->record_count != 0);
	for (size_t i = 0; i < v->a_count; i++)
		assert(snapshot_view_a(v, i) >> 24 == 127);
	for (size_t i = 0; i < v->txt_count; i++) {
		struct text t = snapshot_view_txt(v, i);

		assert(t.len != 0 && t.len <= SNAPSHOT_TXT_MAX);
	}
	for (size_t i = 0; i < v->record_count; i++) {
		struct snapshot_record r = snapshot_view_record(v, i);

		check_record(&r);
	}
}

/* Of a name and all above it; the answer of the name itself. */
static enum snapshot_name_kind
check_query(const struct snapshot_layer *layer, const struct query *q)
{
	struct snapshot_name name = {q->wire, q->label_at, q->labels};
	enum snapshot_name_kind kind, first = SNAPSHOT_NAME_NONE, last = SNAPSHOT_NAME_NONE;
	struct snapshot_view view;
	size_t matched;

	for (;;) {
		kind = snapshot_layer_find_name(layer, &name, &view, &matched);
		if (kind == SNAPSHOT_NAME_LISTED) {
			check_view(&view);
			assert(matched <= name.labels);
		}
		/* Above what exists is nothing that does not. */
		assert(last == SNAPSHOT_NAME_NONE || kind != SNAPSHOT_NAME_NONE);
		if (name.labels == q->labels)
			first = kind;
		last = kind;
		if (name.labels == 0)
			return first;
		name.labels--;
		name.label_at++;
	}
}

/* --- what was compiled --- */

static bool
is_plain(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!(t.p[i] >= 'a' && t.p[i] <= 'z'))
			return false;
	return t.len != 0 && t.len <= 63;
}

static void
check_set(const struct snapshot_set *set, struct text text)
{
	struct snapshot_layer layer = {set, NULL};
	bool no_exclusion = text_find_byte(text, '!') == SIZE_MAX;
	struct text line, word;
	struct query q;
	size_t asked = 0;

	while (text_next_line(&text, &line) && asked < QUERIES_MAX) {
		bool is_entry = strcmp(FUZZ_TYPE, "dnset") == 0 && no_exclusion && is_plain(line);

		while (line.len != 0 && asked < QUERIES_MAX) {
			word = text_cut(&line, ' ');
			if (!take_query(word, &q))
				continue;
			if (check_query(&layer, &q) != SNAPSHOT_NAME_LISTED)
				assert(!is_entry);
			asked++;
		}
	}
}

static void
check_snapshot(int fd, struct text text)
{
	struct snapshot_zone zone;
	struct snapshot *s;
	struct error e;

	assert(snapshot_open_fd(fd, "compiled", &s, &e) == OK);
	assert(snapshot_zone_count(s) >= 1);
	for (size_t i = 0; i < snapshot_zone_count(s); i++) {
		snapshot_zone(s, i, &zone);
		assert(zone.is_within == (zone.name.len != 0));
		assert(zone.apex.ttl_s != 0);
		for (size_t k = 0; k < zone.set_count; k++)
			if (snapshot_set_has_names(zone.sets[k]))
				check_set(zone.sets[k], text);
	}
	snapshot_close(s);
}

static int
make_file(struct text t)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || (t.len != 0 && write(fd, t.p, t.len) != (ssize_t)t.len))
		abort();
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text all = {(const char *)data, size}, second = all, first = text_cut(&second, '\f');
	struct feed_source source = {.kind = FEED_RBLDNSD, .type = FUZZ_TYPE};
	struct feed_options options = {0};
	struct error e = {.text = ""};
	int in[2] = {make_file(first), make_file(second)}, out = make_file(TEXT_NONE);

	if (second.len != 0)
		snprintf(source.paths, sizeof(source.paths), "/proc/self/fd/%d,/proc/self/fd/%d",
			in[0], in[1]);
	else
		snprintf(source.paths, sizeof(source.paths), "/proc/self/fd/%d", in[0]);
	if (feed_compile(&source, &options, NOW_S, out, NULL, &e) == OK)
		check_snapshot(out, all);
	else
		assert(e.text[0] != '\0');
	close(in[0]);
	close(in[1]);
	close(out);
	return 0;
}
