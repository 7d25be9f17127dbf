#include "publish.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include <orbl/control.h>
#include <orbl/file.h>
#include <orbl/listing.h>
#include <orbl/log.h>
#include <orbl/snapshot.h>
#include <orbl/store_listing.h>

/* A listing's life has so many steps, 10 minutes of 30 days, and expiries are rounded down to
 * one, so that few classes serve many listings: a listing ends in DNS a little early, never
 * late. */
enum { EXPIRY_STEPS = 4320, TELL_TIMEOUT_S = 10, REASON_MAX = 1500 };

struct publication {
	struct snapshot_builder *builder;
	const struct conf *conf;
	int64_t now_s;
	struct error *e;
	struct prefix prefix; /* listings of one prefix arrive together */
	uint32_t categories;
	int64_t expires_s[CATEGORY_COUNT];
	size_t sets[SUBZONE_COUNT];
};

/* "[2,7] meaning; meaning; see URL" with the mark for the address: one TXT record for all
 * codes of a host (RFC 5782 section 2.3). */
static size_t
txt_template(const struct conf *conf, uint32_t categories, char *out, size_t size)
{
	char codes[64] = "", meanings[REASON_MAX] = "", url[512];
	size_t n = 0, m = 0;

	for (enum category c = 0; c < CATEGORY_COUNT; c++) {
		if ((categories & 1U << c) == 0)
			continue;
		n += (size_t)snprintf(codes + n, sizeof(codes) - n, "%s%u", n != 0 ? "," : "",
			category_row(c)->code & 0xff);
		m += (size_t)snprintf(meanings + m, sizeof(meanings) - m, "%s%s",
			m != 0 ? "; " : "", category_row(c)->meaning);
	}
	snprintf(url, sizeof(url), "%s", conf->zone.url);
	for (char *mark = strchr(url, '$'); mark != NULL; mark = strchr(mark, '$'))
		*mark = SNAPSHOT_ADDRESS_MARK;
	return (size_t)snprintf(out, size, "[%s] %s; see %s", codes, meanings, url);
}

static enum err
class_of(struct publication *p, uint32_t categories, uint16_t *id)
{
	int64_t step_s = p->conf->listing_lifetime_s / EXPIRY_STEPS;
	char txt[SNAPSHOT_TXT_MAX];
	struct snapshot_class class = {.expires_s = INT64_MAX, .txt_count = 1};

	for (enum category c = 0; c < CATEGORY_COUNT; c++) {
		if ((categories & 1U << c) == 0)
			continue;
		class.a[class.a_count++] = category_row(c)->code;
		if (p->expires_s[c] < class.expires_s)
			class.expires_s = p->expires_s[c];
	}
	if (step_s > 1)
		class.expires_s -= class.expires_s % step_s;
	class.txt[0] = (struct text){txt, txt_template(p->conf, categories, txt, sizeof(txt))};
	return snapshot_builder_class(p->builder, &class, id, p->e);
}

static void
last_address(const struct prefix *p, struct addr *out)
{
	unsigned bits = p->addr.family == 4 ? 32 : 128;

	*out = p->addr;
	for (unsigned bit = p->len; bit < bits; bit++)
		out->b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

/* Put the prefix gathered so far into each zone that serves one of its categories. */
static enum err
add_prefix(struct publication *p)
{
	struct addr last;
	uint16_t id;
	enum err err = OK;

	if (p->categories == 0)
		return OK;
	last_address(&p->prefix, &last);
	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++) {
		uint32_t served = p->categories & subzone_row(i)->categories;

		if (served == 0)
			continue;
		err = class_of(p, served, &id);
		if (err == OK)
			err = snapshot_builder_add(p->builder, p->sets[i], &p->prefix.addr, &last,
				p->prefix.len, id, p->e);
	}
	p->categories = 0;
	return err;
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct publication *p = context;
	enum err err = OK;

	if (l->expires_s <= p->now_s)
		return OK;
	if (p->categories != 0 &&
		(l->prefix.len != p->prefix.len || !addr_equal(&l->prefix.addr, &p->prefix.addr)))
		err = add_prefix(p);
	p->prefix = l->prefix;
	p->expires_s[l->category] = l->expires_s;
	p->categories |= 1U << l->category;
	return err;
}

static enum err
add_zones(struct publication *p)
{
	const struct conf *c = p->conf;
	struct snapshot_apex apex = {
		.mname = text_of(c->zone.ns.count != 0 ? c->zone.ns.items[0] : "."),
		.rname = text_of(c->zone.contact),
		.soa_ttl_s = (uint32_t)c->zone.ttl_s,
		.refresh_s = (uint32_t)c->zone.refresh_s,
		.retry_s = (uint32_t)c->zone.retry_s,
		.expire_s = (uint32_t)c->zone.expire_s,
		.minimum_s = (uint32_t)c->zone.negative_ttl_s,
		.ns_ttl_s = (uint32_t)c->zone.ttl_s,
		.ttl_s = (uint32_t)c->zone.ttl_s,
	};
	enum err err = OK;

	for (; apex.ns_count < c->zone.ns.count && apex.ns_count < SNAPSHOT_NS_MAX; apex.ns_count++)
		apex.ns[apex.ns_count] = text_of(c->zone.ns.items[apex.ns_count]);
	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++) {
		err = snapshot_builder_set(p->builder, &p->sets[i], p->e);
		if (err == OK)
			err = snapshot_builder_zone(p->builder, text_of(subzone_row(i)->name),
				p->sets[i], &apex, p->e);
	}
	return err;
}

static enum err
write_file(struct snapshot_builder *b, const char *path, uint32_t serial, int64_t now_s,
	struct error *e)
{
	struct file_replacement file;
	enum err err = file_replace_begin(&file, path, 0644, e);

	if (err != OK)
		return err;
	err = snapshot_builder_write(b, file.fd, serial, now_s, e);
	if (err == OK)
		return file_replace_commit(&file, e);
	file_replace_abort(&file);
	return err;
}

enum err
publish_snapshot(struct store *store, const struct conf *conf, int64_t now_s, uint32_t *serial,
	struct error *e)
{
	struct publication p = {.conf = conf, .now_s = now_s, .e = e};
	enum err err;

	p.builder = snapshot_builder_new();
	if (p.builder == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", conf->zone.snapshot);
	err = add_zones(&p);
	if (err == OK)
		err = store_listings(store, NULL, on_listing, &p, e);
	if (err == OK)
		err = add_prefix(&p);
	if (err == OK)
		err = store_next_serial(store, serial, e);
	if (err == OK)
		err = write_file(p.builder, conf->zone.snapshot, *serial, now_s, e);
	snapshot_builder_free(p.builder);
	return err;
}

/* --- telling dnsd --------------------------------------------------------- */

static void
on_answer(struct bufferevent *be, void *context)
{
	char *line = evbuffer_readln(bufferevent_get_input(be), NULL, EVBUFFER_EOL_LF);
	struct error e = {.code = OK};
	json_t *answer;

	(void)context;
	if (line == NULL)
		return;
	answer = json_loads(line, 0, NULL);
	free(line);
	if (control_check_answer(answer, &e) != OK)
		log_warning("orbl-dnsd did not take the new snapshot: %s", e.text);
	else
		log_info("orbl-dnsd serves the new snapshot");
	json_decref(answer);
	bufferevent_free(be);
}

static void
give_up(struct bufferevent *be, const char *path, const char *why)
{
	log_info("%s: orbl-dnsd cannot be told of the new snapshot (%s); when it runs it finds "
		 "the file by itself",
		path, why);
	bufferevent_free(be);
}

static void
on_event(struct bufferevent *be, short what, void *context)
{
	if ((what & BEV_EVENT_CONNECTED) == 0)
		give_up(be, context,
			(what & BEV_EVENT_TIMEOUT) != 0 ?
				"no answer" :
				evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

void
publish_tell(struct event_base *base, const char *dnsd_socket, uint32_t serial)
{
	const struct timeval timeout = {.tv_sec = TELL_TIMEOUT_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct bufferevent *be;

	if (dnsd_socket[0] == '\0' || strlen(dnsd_socket) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, dnsd_socket, strlen(dnsd_socket));
	be = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (be == NULL)
		return;
	bufferevent_setcb(be, on_answer, NULL, on_event, (void *)(uintptr_t)dnsd_socket);
	bufferevent_set_timeouts(be, &timeout, &timeout);
	bufferevent_enable(be, EV_READ | EV_WRITE);
	evbuffer_add_printf(bufferevent_get_output(be), "{\"cmd\":\"reload\",\"serial\":%u}\n",
		serial);
	if (bufferevent_socket_connect(be, (struct sockaddr *)&address, sizeof(address)) != 0)
		give_up(be, dnsd_socket, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}
