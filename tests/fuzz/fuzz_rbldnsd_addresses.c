/* fuzz_rbldnsd_addresses.c - any text compiled as a data set of addresses; FUZZ_TYPE says of which
 * type.
 *
 * A form feed begins a second file. What comes out must open, be in order and have well-formed
 * classes; lines that end in CRLF, which are read another way, must come to the same.
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

enum { NOW_S = 1800000000, CRLF_MAX = 4000 };

static bool
is_acl(void)
{
	return strcmp(FUZZ_TYPE, "acl") == 0;
}

/* --- what was compiled ------------------------------------------------------ */

static void
check_view(const struct snapshot_view *v, const struct feed_options *options)
{
	if (is_acl())
		assert(v->action == SNAPSHOT_LISTED ? options->list_all :
						      v->action >= SNAPSHOT_IGNORE);
	else
		assert(v->action == SNAPSHOT_LISTED);
	assert(v->ttl_s != 0 && v->expires_s == 0);
	assert(v->record_count == 0);
	assert((v->a_count != 0) == (v->action == SNAPSHOT_LISTED));
	for (size_t i = 0; i < v->a_count; i++)
		assert(snapshot_view_a(v, i) >> 24 == 127);
	for (size_t i = 0; i < v->txt_count; i++) {
		struct text t = snapshot_view_txt(v, i);

		assert(t.len != 0 && t.len <= SNAPSHOT_TXT_MAX);
		for (size_t k = 0; k < t.len; k++) {
			unsigned char c = (unsigned char)t.p[k];

			assert(c == SNAPSHOT_ADDRESS_MARK || (c >= ' ' && c != 0x7f));
		}
	}
}

static bool
same_view(const struct snapshot_view *a, const struct snapshot_view *b)
{
	return a->action == b->action && a->a_first == b->a_first && a->a_count == b->a_count &&
		a->txt_first == b->txt_first && a->txt_count == b->txt_count;
}

static void
check_found(const struct snapshot_layer *layer, const struct addr *a,
	const struct snapshot_range *range)
{
	struct prefix host = {*a, a->family == 4 ? 32 : 128};
	struct snapshot_view view;

	assert(snapshot_layer_find(layer, a, &view) && same_view(&view, &range->view));
	assert(snapshot_layer_intersects(layer, &host));
}

static void
check_set(const struct snapshot_set *set, const struct feed_options *options)
{
	struct snapshot_layer layer = {set, NULL};
	struct snapshot_range range, last = {.low = {.family = 0}};
	struct snapshot_walk walk = {0};
	size_t n = 0;

	while (snapshot_next_range(set, &walk, &range)) {
		assert(is_acl() || range.low.family == FUZZ_TYPE[2] - '0');
		assert(range.low.family == range.high.family);
		assert(addr_compare(&range.low, &range.high) <= 0);
		assert(n == 0 || addr_compare(&last.high, &range.low) < 0);
		check_found(&layer, &range.low, &range);
		check_found(&layer, &range.high, &range);
		check_view(&range.view, options);
		last = range;
		n++;
	}
	assert(n == snapshot_set_entries(set));
}

static const struct snapshot_set *
check_snapshot(const struct snapshot *s, const struct feed_options *options)
{
	struct snapshot_zone zone;

	assert(snapshot_zone_count(s) == 1);
	snapshot_zone(s, 0, &zone);
	assert(zone.name.len == 0 && !zone.is_within && zone.apex.ttl_s != 0);
	assert(zone.set_count == (size_t)!is_acl() && (zone.acl != NULL) == is_acl());
	check_set(zone.acl != NULL ? zone.acl : zone.sets[0], options);
	return zone.acl != NULL ? zone.acl : zone.sets[0];
}

static void
check_same(const struct snapshot_set *a, const struct snapshot_set *b)
{
	struct snapshot_range in_a, in_b;
	struct snapshot_walk walk_a = {0}, walk_b = {0};

	while (snapshot_next_range(a, &walk_a, &in_a)) {
		assert(snapshot_next_range(b, &walk_b, &in_b));
		assert(addr_equal(&in_a.low, &in_b.low) && addr_equal(&in_a.high, &in_b.high));
		assert(same_view(&in_a.view, &in_b.view));
	}
	assert(!snapshot_next_range(b, &walk_b, &in_b));
}

/* --- compiling -------------------------------------------------------------- */

static int
make_file(struct text t)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || (t.len != 0 && write(fd, t.p, t.len) != (ssize_t)t.len))
		abort();
	return fd;
}

/* NULL: it was refused, with a reason. */
static struct snapshot *
compile(struct text all, const struct feed_options *options)
{
	struct text second = all, first = text_cut(&second, '\f');
	struct feed_source source = {.kind = FEED_RBLDNSD, .type = FUZZ_TYPE};
	struct snapshot *s = NULL;
	struct error e = {.text = ""};
	int a = make_file(first), b = make_file(second), out = make_file(TEXT_NONE);

	snprintf(source.paths, sizeof(source.paths), "/proc/self/fd/%d,/proc/self/fd/%d", a, b);
	if (feed_compile(&source, options, NOW_S, out, NULL, &e) == OK)
		assert(snapshot_open_fd(out, "compiled", &s, &e) == OK);
	else
		assert(e.text[0] != '\0');
	close(a);
	close(b);
	close(out);
	return s;
}

static size_t
put_crlf(struct text t, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] == '\n')
			out[len++] = '\r';
		out[len++] = t.p[i];
	}
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char crlf[2 * CRLF_MAX];
	struct text all = {(const char *)data, size};
	struct feed_options options = {.host_bits = size % 2 == 1, .list_all = size % 4 >= 2};
	bool is_gzip = size != 0 && data[0] == 0x1f;
	struct snapshot *s = compile(all, &options), *other;
	const struct snapshot_set *set;

	if (s == NULL)
		return 0;
	set = check_snapshot(s, &options);
	if (size <= CRLF_MAX && !is_gzip && text_find_byte(all, '\r') == SIZE_MAX &&
		text_find(all, TEXT("\f\x1f")) == SIZE_MAX) {
		all = (struct text){crlf, put_crlf(all, crlf)};
		other = compile(all, &options);
		assert(other != NULL);
		check_same(set, check_snapshot(other, &options));
		snapshot_close(other);
	}
	snapshot_close(s);
	return 0;
}
