#include "notify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <orbl/file.h>
#include <orbl/listing.h>
#include <orbl/log.h>
#include <orbl/store_listing.h>
#include <orbl/store_notice.h>
#include <orbl/store_probe.h>

#include "abuse_contact.h"
#include "notice_message.h"
#include "reverse_name.h"

enum {
	EVERY_S = 30,
	BATCH = 16,   /* looked at, and looked up, at once */
	REST_S = 300, /* after a disk that fails */
	DAY_S = 86400,
	PATH = 4096,
	TOLD = 1 << CATEGORY_RELAY | 1 << CATEGORY_RELAY_INPUT | 1 << CATEGORY_RELAY_OUTPUT |
		1 << CATEGORY_BOUNCER,
};

struct asked { /* whose contact is being looked up */
	struct notify *notify;
	int64_t id; /* 0: free */
};

struct notify {
	const struct conf *conf;
	struct store *store;
	struct txt_lookup *lookup;
	int64_t now_s, next_s;
	int64_t after; /* the last one that was looked at; 0: from the beginning */
	struct asked asked[BATCH];
};

/* --- one message ------------------------------------------------------------------- */

struct proof { /* the probe that the listing rests on */
	struct addr host;
	char verdict[32];
	json_t *result; /* or NULL */
};

static enum err
on_probe(const struct store_probe *p, void *context)
{
	struct proof *proof = context;
	const char *verdict = p->pair_verdict != NULL ? p->pair_verdict : p->verdict;

	proof->host = p->host;
	snprintf(proof->verdict, sizeof(proof->verdict), "%s", verdict != NULL ? verdict : "");
	proof->result = p->result != NULL ? json_loads(p->result, 0, NULL) : NULL;
	return OK;
}

static enum err
write_file(const struct notify *n, int64_t id, const char *text, size_t len, struct error *e)
{
	struct file_replacement file;
	char path[PATH];
	enum err err;

	snprintf(path, sizeof(path), "%s/notice-%" PRId64 ".eml", n->conf->notify.spool, id);
	err = file_replace_begin(&file, path, 0640, e);
	if (err != OK)
		return err;
	file.drops_previous = true;
	err = file_write_all(file.fd, text, len, e);
	if (err == OK)
		err = file_replace_commit(&file, e);
	file_replace_abort(&file);
	return err;
}

static enum err
make_message(const struct notify *n, const struct store_notice *notice, const struct proof *proof,
	struct error *e)
{
	uint8_t random[16];
	struct notice_message m = {
		.conf = n->conf,
		.prefix = notice->prefix,
		.tested = proof->host,
		.category = notice->category,
		.listed_s = notice->listed_s,
		.effective_s = notice->effective_s,
		.expires_s = notice->expires_s,
		.now_s = n->now_s,
		.contact = notice->contact,
		.reason = notice->reason,
		.verdict = proof->verdict,
		.result = proof->result,
	};
	size_t len;
	char *text;
	enum err err;

	randombytes_buf(random, sizeof(random));
	notice_message_id(random, m.id);
	text = notice_message_make(&m, &len);
	if (text == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	err = write_file(n, notice->id, text, len, e);
	free(text);
	return err;
}

/* The message first: killed between both, it is written again over itself. */
static enum err
send_notice(struct notify *n, const struct store_notice *notice, struct error *e)
{
	struct proof proof = {.result = NULL};
	char prefix[PREFIX_TEXT];
	enum err err = OK;

	if (notice->probe != 0)
		err = store_probe_get(n->store, notice->probe, on_probe, &proof, e);
	if (err == OK || err == ERR_NOT_FOUND)
		err = make_message(n, notice, &proof, e);
	json_decref(proof.result);
	if (err == OK)
		err = store_begin(n->store, e);
	if (err != OK)
		return err;
	prefix_format(&notice->prefix, prefix);
	err = store_notice_done(n->store, notice->id, STORE_NOTICE_SENT, n->now_s, e);
	if (err == OK)
		err = store_audit_add(n->store,
			&(struct store_audit){.time_s = n->now_s,
				.action = "notice",
				.subject = prefix,
				.detail = notice->contact},
			e);
	if (err == OK)
		err = store_commit(n->store, e);
	else
		store_rollback(n->store);
	if (err == OK)
		log_info("%s: a notice to %s is in %s", prefix, notice->contact,
			n->conf->notify.spool);
	return err;
}

/* --- contacts ---------------------------------------------------------------------- */

struct taken { /* a notice, with its texts copied: statements are not nested */
	struct store_notice notice;
	char contact[ABUSE_CONTACT], reason[512];
};

static enum err
on_taken(const struct store_notice *notice, void *context)
{
	struct taken *t = context;

	t->notice = *notice;
	snprintf(t->contact, sizeof(t->contact), "%s",
		notice->contact != NULL ? notice->contact : "");
	snprintf(t->reason, sizeof(t->reason), "%s", notice->reason != NULL ? notice->reason : "");
	t->notice.contact = t->contact;
	t->notice.reason = t->reason;
	return OK;
}

/* To a contact that gets no more today it goes another day. */
static enum err
send_if_may(struct notify *n, int64_t id, struct error *e)
{
	struct taken t;
	int64_t sent = 0;
	enum err err = store_notice_get(n->store, id, on_taken, &t, e);

	if (err == ERR_NOT_FOUND)
		return OK;
	if (err != OK)
		return err;
	err = store_notice_sent_since(n->store, t.contact, n->now_s - DAY_S, &sent, e);
	if (err != OK || sent >= n->conf->notify.per_day)
		return err;
	return send_notice(n, &t.notice, e);
}

static enum err
take_contact(struct notify *n, int64_t id, const struct txt_answer *answer, struct error *e)
{
	char contact[ABUSE_CONTACT];
	enum err err;

	if (!abuse_contact_find(answer, contact))
		return store_notice_done(n->store, id, STORE_NOTICE_NO_CONTACT, n->now_s, e);
	err = store_notice_contact(n->store, id, contact, e);
	return err == OK ? send_if_may(n, id, e) : err;
}

static void
rest(struct notify *n, const char *why)
{
	if (n->next_s < n->now_s + REST_S)
		log_warning("notices wait: %s", why);
	n->next_s = n->now_s + REST_S;
}

static void
wait_or_give_up(struct notify *n, int64_t id, const char *why)
{
	struct error e = {.code = OK};
	bool given_up;

	if (store_notice_failed(n->store, id, n->now_s, DAY_S, &given_up, &e) != OK)
		rest(n, e.text);
	else if (given_up)
		log_notice("notice %" PRId64 " is given up: its contact could not be looked up for "
			   "a day: delist.resolver: %s",
			id, why);
	else
		log_info("notice %" PRId64 " waits: delist.resolver: %s", id, why);
}

static void
on_answer(const struct txt_answer *answer, void *context)
{
	struct asked *asked = context;
	struct notify *n = asked->notify;
	int64_t id = asked->id;
	struct error e = {.code = OK};

	asked->id = 0;
	if (answer->kind == TXT_FAILED)
		wait_or_give_up(n, id, answer->why);
	else if (take_contact(n, id, answer, &e) != OK)
		rest(n, e.text);
}

static struct asked *
find_asked(struct notify *n, int64_t id)
{
	for (size_t i = 0; i < BATCH; i++)
		if (n->asked[i].id == id)
			return &n->asked[i];
	return NULL;
}

static enum err
look_up(struct notify *n, const struct taken *t, struct error *e)
{
	struct asked *asked = find_asked(n, 0);
	char name[REVERSE_NAME];
	enum err err = reverse_name_below(&t->notice.prefix.addr, n->conf->notify.contacts, name,
		e);

	if (err != OK || asked == NULL || find_asked(n, t->notice.id) != NULL)
		return err;
	asked->id = t->notice.id;
	err = txt_lookup_ask(n->lookup, name, on_answer, asked, e);
	if (err != OK)
		asked->id = 0;
	return err;
}

/* --- from time to time ------------------------------------------------------------- */

struct batch {
	size_t count;
	struct taken list[BATCH];
};

static enum err
on_due(const struct store_notice *notice, void *context)
{
	struct batch *b = context;

	return on_taken(notice, &b->list[b->count++]);
}

static enum err
queue(struct notify *n, struct error *e)
{
	size_t queued;
	enum err err = store_begin(n->store, e);

	if (err == OK)
		err = store_notice_queue(n->store, TOLD, n->now_s, &queued, e);
	if (err == OK)
		return store_commit(n->store, e);
	store_rollback(n->store);
	return err;
}

static enum err
work_on(struct notify *n, struct error *e)
{
	const struct store_notice_rate rate = {n->now_s - DAY_S, n->conf->notify.per_day};
	struct batch b = {.count = 0};
	enum err err = store_notices_due(n->store, &rate, n->after, BATCH, on_due, &b, e);

	/* Around in a circle: those whose contact is not to be found out must not stop the others.
	 */
	n->after = b.count == BATCH ? b.list[BATCH - 1].notice.id : 0;

	for (size_t i = 0; err == OK && i < b.count; i++)
		err = b.list[i].contact[0] != '\0' ? send_if_may(n, b.list[i].notice.id, e) :
						     look_up(n, &b.list[i], e);
	return err;
}

void
notify_run(struct notify *n, int64_t now_s)
{
	struct error e = {.code = OK};
	enum err err;

	if (n->conf->notify.spool[0] == '\0' || now_s < n->next_s)
		return;
	n->now_s = now_s;
	n->next_s = now_s + EVERY_S;
	err = queue(n, &e);
	if (err == OK)
		err = work_on(n, &e);
	if (err != OK && err != ERR_FULL)
		rest(n, e.text);
}

/* --- making and ending ------------------------------------------------------------- */

enum err
notify_check(const struct conf *conf, struct error *e)
{
	const char *missing = conf->delist.resolver[0] == '\0' ? "delist.resolver" :
		conf->notify.contacts[0] == '\0'               ? "notify.contacts" :
		conf->notify.from[0] == '\0'                   ? "notify.from" :
								 NULL;

	if (conf->notify.spool[0] == '\0')
		return OK;
	if (missing != NULL)
		return error_set(e, ERR_SYNTAX, "notify.spool is set: %s must be set, too",
			missing);
	if (!abuse_contact_is_plain(text_of(conf->notify.from)))
		return error_set(e, ERR_SYNTAX,
			"notify.from: \"%s\" must be a mailbox alone, such as abuse@list.example",
			conf->notify.from);
	return OK;
}

enum err
notify_new(const struct conf *conf, struct store *store, struct txt_lookup *lookup,
	struct notify **out, struct error *e)
{
	struct notify *n = calloc(1, sizeof(*n));

	*out = n;
	if (n == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	n->conf = conf;
	n->store = store;
	n->lookup = lookup;
	for (size_t i = 0; i < BATCH; i++)
		n->asked[i].notify = n;
	return OK;
}

void
notify_free(struct notify *n)
{
	free(n);
}
