#include "probe_plan.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <sodium.h>

#include "probe_case.h"
#include "probe_message.h"

static void
print_json_line(json_t *json)
{
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
}

/* --- the catalogue ------------------------------------------------------ */

static const struct {
	const char *letter, *meaning;
} letters[] = {
	{"$U", "token of the recipient"},
	{"$F", "token of the sender"},
	{"$D", "domain of our collector; $E: the same, \".\" written as +2E"},
	{"$C", "address of our collector"},
	{"$H", "host name that the server gives in its greeting, else $I in brackets"},
	{"$P", "domain above $H"},
	{"$I", "address of the server"},
};

static void
list_case(const struct probe_case *c, bool json)
{
	if (json) {
		print_json_line(json_pack("{s:s, s:s, s:s*, s:s, s:s}", "case", c->id, "mail_from",
			c->mail_from, "before_rcpt", c->before_rcpt, "rcpt_to", c->rcpt_to, "finds",
			c->finds));
		return;
	}
	printf("%-17s  %s\n%-17s  MAIL FROM:%s", c->id, c->finds, "", c->mail_from);
	if (c->before_rcpt != NULL)
		printf("  RCPT TO:%s", c->before_rcpt);
	printf("  RCPT TO:%s\n", c->rcpt_to);
}

void
probe_plan_list(bool json)
{
	for (size_t i = 0; i < probe_case_count(); i++)
		list_case(probe_case_row(i), json);
	if (json)
		return;
	putchar('\n');
	for (size_t i = 0; i < ORBL_COUNT(letters); i++)
		printf("%s  %s\n", letters[i].letter, letters[i].meaning);
}

/* --- what would be sent ------------------------------------------------- */

struct plan {
	const struct prober_conf *conf;
	const struct endpoint *target;
	struct probe_names names;
	uint8_t key[TOKEN_KEY_BYTES];
	int64_t now_s;
	char mail_from[320], rcpt_to[512], before_rcpt[512]; /* of one case, "": none */
};

static enum err
begin_plan(struct plan *p, const struct prober_conf *conf, const struct endpoint *target,
	struct error *e)
{
	*p = (struct plan){.conf = conf, .target = target, .now_s = (int64_t)time(NULL)};
	randombytes_buf(p->key, sizeof(p->key));
	return probe_names_init(&p->names, conf->collector_domain, &target->addr,
		&conf->collector.addr, e);
}

static void
set_tokens(struct plan *p, const struct probe_case *c)
{
	struct token token = {.probe_id = 1, .case_index = (uint8_t)c->number};

	token.hour = (uint16_t)((uint64_t)p->now_s / 3600);
	token_format(&token, p->key, p->names.u);
	token.case_index = (uint8_t)probe_case_sender(c);
	token.to_sender = true;
	token_format(&token, p->key, p->names.f);
}

static bool
is_wanted(const struct plan *p, const struct probe_case *c)
{
	uint64_t cases = p->conf->cases;

	if (cases == 0)
		cases = p->conf->all ? probe_case_mask_all() : probe_case_mask_default();
	return (cases & UINT64_C(1) << c->number) != 0;
}

/* False: this case cannot be said, as a letter stands for nothing. */
static bool
expand(struct plan *p, const struct probe_case *c)
{
	set_tokens(p, c);
	/* The server tells them; they must not pass for names. */
	snprintf(p->names.h, sizeof(p->names.h), "HOST");
	snprintf(p->names.p, sizeof(p->names.p), "DOMAIN");
	p->before_rcpt[0] = '\0';
	if (c->before_rcpt != NULL &&
		probe_case_expand(c->before_rcpt, &p->names, p->before_rcpt,
			sizeof(p->before_rcpt)) != OK)
		return false;
	return probe_case_expand(c->mail_from, &p->names, p->mail_from, sizeof(p->mail_from)) ==
		OK &&
		probe_case_expand(c->rcpt_to, &p->names, p->rcpt_to, sizeof(p->rcpt_to)) == OK;
}

static enum err
format_message(struct plan *p, const struct probe_case *c, char out[PROBE_MESSAGE_MAX],
	struct error *e)
{
	char target[ADDR_TEXT];
	struct probe_message m = {
		.helo = p->conf->helo,
		.domain = p->conf->collector_domain,
		.url = p->conf->url,
		.target = addr_format(&p->target->addr, target),
		.case_id = c->id,
		.sender_token = p->names.f,
		.recipient_token = p->names.u,
		.now_s = p->now_s,
	};
	size_t len;

	return probe_message_format(&m, out, &len, e);
}

static const char *
source_name(const struct plan *p, const struct addr *a, char text[ADDR_TEXT])
{
	bool usable = a->family == p->target->addr.family;

	return usable ? addr_format(a, text) : "an address of the system's choice";
}

static void
print_head(const struct plan *p)
{
	char name[ENDPOINT_TEXT], address[ADDR_TEXT];

	printf("%s, from %s\n", endpoint_format(p->target, name),
		source_name(p, &p->conf->source, address));
	if (p->conf->second_source.family == p->target->addr.family)
		printf("unless proved open, once more from %s\n",
			addr_format(&p->conf->second_source, address));
	printf("\nEHLO %s\n", p->conf->helo);
	if (p->conf->starttls)
		puts("STARTTLS, when it wants that before mail");
}

static void
print_cases(struct plan *p)
{
	char last[sizeof(p->mail_from)] = "";

	for (size_t i = 0; i < probe_case_count(); i++) {
		const struct probe_case *c = probe_case_row(i);

		if (!is_wanted(p, c) || !expand(p, c))
			continue;
		if (strcmp(last, p->mail_from) != 0 || c->before_rcpt != NULL)
			printf("%-17s  MAIL FROM:%s\n", c->id, p->mail_from);
		if (c->before_rcpt != NULL)
			printf("%-17s  RCPT TO:%s\n", c->id, p->before_rcpt);
		printf("%-17s  RCPT TO:%s\n", c->id, p->rcpt_to);
		snprintf(last, sizeof(last), "%s", p->mail_from);
	}
	puts("QUIT");
}

static const struct probe_case *
first_case(struct plan *p)
{
	for (size_t i = 0; i < probe_case_count(); i++)
		if (is_wanted(p, probe_case_row(i)) && expand(p, probe_case_row(i)))
			return probe_case_row(i);
	return NULL;
}

static enum err
print_text(struct plan *p, struct error *e)
{
	char message[PROBE_MESSAGE_MAX];
	const struct probe_case *first = first_case(p);
	enum err err;

	print_head(p);
	print_cases(p);
	puts("\nHOST and DOMAIN are known when the server has greeted us. Tokens are new in each\n"
	     "probe. After nine refusals the connection ends, and another one goes on.\n"
	     "To a recipient that it accepts, by itself, this message (here of the first test):\n");
	if (first == NULL)
		return OK;
	(void)expand(p, first);
	err = format_message(p, first, message, e);
	if (err == OK)
		for (const char *c = message; *c != '\0'; c++)
			if (*c != '\r')
				putchar(*c);
	return err;
}

static json_t *
cases_json(struct plan *p)
{
	json_t *array = json_array();

	for (size_t i = 0; i < probe_case_count(); i++) {
		const struct probe_case *c = probe_case_row(i);

		if (is_wanted(p, c) && expand(p, c))
			json_array_append_new(array,
				json_pack("{s:s, s:s, s:s*, s:s, s:s}", "case", c->id, "mail_from",
					p->mail_from, "before_rcpt",
					c->before_rcpt != NULL ? p->before_rcpt : NULL, "rcpt_to",
					p->rcpt_to, "finds", c->finds));
	}
	return array;
}

static enum err
print_json(struct plan *p, struct error *e)
{
	char message[PROBE_MESSAGE_MAX] = "", name[ENDPOINT_TEXT];
	const struct probe_case *first = first_case(p);
	enum err err = first != NULL ? format_message(p, first, message, e) : OK;

	if (err == OK)
		print_json_line(json_pack("{s:s, s:s, s:o, s:s}", "target",
			endpoint_format(p->target, name), "helo", p->conf->helo, "cases",
			cases_json(p), "message", message));
	return err;
}

enum err
probe_plan_print(const struct prober_conf *conf, const struct endpoint *target, bool json,
	struct error *e)
{
	struct plan p;
	enum err err = begin_plan(&p, conf, target, e);

	if (err != OK)
		return err;
	return json ? print_json(&p, e) : print_text(&p, e);
}
