#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_key.h"
#include "audit_verify.h"
#include "client.h"
#include "cmd.h"

static const char usage[] =
	"usage: orbl audit export [-c FILE] [--since SEQ]\n"
	"       orbl audit verify [-c FILE] [-j] [--key KEY]... [--head HEAD] [--since SEQ]\n"
	"                         [FILE | -]\n"
	"       orbl audit head [-c FILE] [-j]\n"
	"       orbl audit key [-c FILE] [--pem]\n"
	"\n"
	"export prints the audit log, one JSON object a line. verify checks a copy of it, without\n"
	"the analyzer, or the analyzer's own when no FILE is named: is every record as it was\n"
	"written, where it was written, and signed? head prints the number and hash of the last\n"
	"record, key the public key.\n"
	"\n"
	"  --key KEY          the public key, in hexadecimal; of several, one must have signed\n"
	"  --head HEAD        this head must be in it: HASH, or DATE:SEQ:HASH as it is published\n"
	"  --since SEQ        begin with this record, not the first\n"
	"  --pem              as other programs read it\n"
	"  -j, --json         print one JSON object\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 all is well; 1 a record is not; 2 trouble.\n";

static const struct option options[] = {
	{"since", required_argument, NULL, 'S'},
	{"key", required_argument, NULL, 'K'},
	{"head", required_argument, NULL, 'H'},
	{"pem", no_argument, NULL, 'P'},
	{0},
};

/* c.take gets the client, which is the first member. */
struct audit_client {
	struct client client;
	uint64_t since; /* 0: not given */
	bool pem;
	const char *file;               /* NULL: the analyzer's */
	char wrong[160];                /* "": all options are well */
	struct audit_verifier v, fresh; /* fresh: as before the first line */
};

static void
take_key(struct audit_client *a, const char *value)
{
	struct audit_verifier *v = &a->v;

	if (v->key_count == AUDIT_KEYS_MAX)
		snprintf(a->wrong, sizeof(a->wrong), "at most %d keys can be given",
			AUDIT_KEYS_MAX);
	else if (audit_from_hex(text_of(value), v->keys[v->key_count], AUDIT_PUBLIC) == OK)
		v->key_count++;
	else
		snprintf(a->wrong, sizeof(a->wrong),
			"--key needs %d hexadecimal digits, as orbl audit key prints them",
			2 * AUDIT_PUBLIC);
}

static void
take_option(struct client *c, int letter, const char *value)
{
	struct audit_client *a = (struct audit_client *)c;

	switch (letter) {
	case 'S':
		if (text_to_u64(text_of(value), INT64_MAX, &a->since) != OK || a->since == 0)
			snprintf(a->wrong, sizeof(a->wrong),
				"--since needs the number of a record, from 1");
		break;
	case 'K': take_key(a, value); break;
	case 'H':
		if (audit_verify_want(&a->v, text_of(value)) != OK)
			snprintf(a->wrong, sizeof(a->wrong),
				"--head needs a hash of %d hexadecimal digits, or DATE:SEQ:HASH",
				2 * AUDIT_HASH);
		break;
	case 'P': a->pem = true; break;
	default: break;
	}
}

/* --- the analyzer's --------------------------------------------------------- */

static json_t *
ask(const struct client *c, uint64_t since, struct error *e)
{
	json_t *answer = NULL, *request = json_pack("{s:s}", "cmd", "audit");

	if (since != 0)
		json_object_set_new(request, "since", json_integer((json_int_t)since));
	return client_call(c, request, &answer, e) == OK ? answer : NULL;
}

typedef bool line_fn(struct text line, void *context);

/* Every record from since on; false from fn ends it. */
static enum err
walk(const struct client *c, uint64_t since, line_fn *fn, void *context, struct error *e)
{
	size_t i, count = 1;
	bool more = true;
	json_t *answer, *record;

	for (; more && count != 0; since += count) {
		answer = ask(c, since, e);
		if (answer == NULL)
			return e->code;
		count = json_array_size(json_object_get(answer, "records"));
		json_array_foreach (json_object_get(answer, "records"), i, record)
			more = more &&
				fn((struct text){json_string_value(record),
					   json_string_length(record)},
					context);
		json_decref(answer);
	}
	return OK;
}

static bool
print_line(struct text line, void *context)
{
	(void)context;
	return fwrite(line.p, 1, line.len, stdout) == line.len && putchar('\n') != EOF;
}

static int
run_export(struct audit_client *a)
{
	struct error e = {.code = OK};

	if (walk(&a->client, a->since != 0 ? a->since : 1, print_line, NULL, &e) != OK)
		return client_trouble(&a->client, e.text);
	return EXIT_SUCCESS;
}

static int
run_head(struct audit_client *a)
{
	struct error e = {.code = OK};
	json_t *answer = ask(&a->client, 0, &e);
	json_t *head = json_object_get(answer, "head");

	if (answer == NULL)
		return client_trouble(&a->client, e.text);
	if (a->client.json)
		client_print_json(head);
	else
		printf("%lld %s\n", client_number(head, "seq"), client_text(head, "hash"));
	json_decref(answer);
	return EXIT_SUCCESS;
}

/* The analyzer's public key. */
static enum err
ask_key(struct audit_client *a, uint8_t key[AUDIT_PUBLIC], struct error *e)
{
	json_t *answer = ask(&a->client, 0, e);
	enum err err = e->code;

	if (answer != NULL)
		err = audit_from_hex(text_of(client_text(answer, "key")), key, AUDIT_PUBLIC);
	if (answer != NULL && err != OK)
		error_set(e, err, "the analyzer does not tell its key");
	json_decref(answer);
	return err;
}

static int
run_key(struct audit_client *a)
{
	struct error e = {.code = OK};
	uint8_t key[AUDIT_PUBLIC];
	char text[AUDIT_KEY_TEXT], pem[AUDIT_KEY_PEM];

	if (ask_key(a, key, &e) != OK)
		return client_trouble(&a->client, e.text);
	audit_hex(key, sizeof(key), text);
	audit_key_pem(key, pem);
	if (a->pem)
		fputs(pem, stdout);
	else
		puts(text);
	return EXIT_SUCCESS;
}

/* --- verify ----------------------------------------------------------------- */

static bool
feed_line(struct text line, void *context)
{
	return audit_verify_feed(context, line) && audit_verify_feed(context, TEXT("\n"));
}

static enum err
verify_stream(struct audit_verifier *v, const char *name, FILE *in, struct error *e)
{
	char buffer[1 << 14];
	size_t n;

	while ((n = fread(buffer, 1, sizeof(buffer), in)) != 0)
		if (!audit_verify_feed(v, (struct text){buffer, n}))
			return OK;
	return ferror(in) ? error_errno(e, "%s: cannot read", name) : OK;
}

static enum err
verify_file(struct audit_verifier *v, const char *name, struct error *e)
{
	bool standard = strcmp(name, "-") == 0;
	FILE *in = standard ? stdin : fopen(name, "re");
	enum err err;

	if (in == NULL)
		return error_errno(e, "%s: cannot open", name);
	err = verify_stream(v, name, in, e);
	if (!standard)
		fclose(in);
	return err;
}

/* A key that a record tells of, which that key has signed. */
static bool
collect_key(struct text line, void *context)
{
	struct audit_verifier *v = context;
	struct audit_entry x;
	size_t offset;
	uint8_t key[AUDIT_PUBLIC];

	if (audit_entry_read(line, &x, &offset) != OK || !audit_entry_names_key(&x, key))
		return true;
	for (size_t i = 0; i < v->key_count; i++)
		if (memcmp(v->keys[i], key, AUDIT_PUBLIC) == 0)
			return true;
	if (v->key_count < AUDIT_KEYS_MAX)
		memcpy(v->keys[v->key_count++], key, AUDIT_PUBLIC);
	return true;
}

/* The analyzer's key has been another one: what that has signed is vouched for by the key of
 * today, which has signed a later record and with it all that is before. */
static enum err
verify_keys(struct audit_client *a, struct error *e)
{
	struct audit_verifier again = a->fresh;
	enum err err = walk(&a->client, 1, collect_key, &again, e);

	if (err != OK || again.key_count < 2)
		return err;
	a->v = again;
	err = walk(&a->client, a->since != 0 ? a->since : 1, feed_line, &a->v, e);
	if (err == OK && a->v.fault == AUDIT_SOUND && a->v.other_key == a->v.seq) {
		a->v.fault = AUDIT_BAD_SIGNATURE;
		snprintf(a->v.why, sizeof(a->v.why), "the last record is not signed with the key");
	}
	return err;
}

static enum err
verify_analyzer(struct audit_client *a, struct error *e)
{
	bool given = a->v.key_count != 0;
	enum err err = OK;

	if (!given) {
		err = ask_key(a, a->v.keys[0], e);
		a->v.key_count = err == OK;
	}
	if (err != OK)
		return err;
	a->fresh = a->v;
	err = walk(&a->client, a->since != 0 ? a->since : 1, feed_line, &a->v, e);
	return err == OK && !given && a->v.fault == AUDIT_BAD_SIGNATURE ? verify_keys(a, e) : err;
}

static void
print_fault(const struct audit_client *a)
{
	const struct audit_verifier *v = &a->v;

	if (a->client.json)
		printf("{\"sound\":false,\"line\":%" PRIu64 ",\"seq\":%" PRIu64
		       ",\"fault\":\"%s\",\"why\":\"%s\"}\n",
			v->lines, v->seq, audit_fault_name(v->fault), v->why);
	else if (v->fault == AUDIT_EMPTY)
		printf("%s: %s\n", audit_fault_name(v->fault), v->why);
	else if (v->fault == AUDIT_NO_HEAD)
		printf("%s: %s; the log ends with record %" PRIu64 "\n", audit_fault_name(v->fault),
			v->why, v->seq);
	else
		printf("line %" PRIu64 ", record %" PRIu64 ": %s: %s\n", v->lines, v->seq,
			audit_fault_name(v->fault), v->why);
}

static void
print_signatures(const struct audit_verifier *v)
{
	if (v->key_count == 0)
		puts("Signatures were not checked: no key was given.");
	if (v->other_key != 0)
		printf("Records up to %" PRIu64 " have signatures of keys that were in use before: "
		       "records `key` name them.\n",
			v->other_key);
	if (v->not_signed != 0)
		printf("%" PRIu64 " records are not signed.\n", v->not_signed);
	if (!v->wants_head)
		puts("What may be missing at its end only a head known from elsewhere tells.");
}

static void
print_sound(const struct audit_client *a)
{
	const struct audit_verifier *v = &a->v;
	char hash[2 * AUDIT_HASH + 1];

	audit_hex(v->hash, sizeof(v->hash), hash);
	if (a->client.json) {
		printf("{\"sound\":true,\"first\":%" PRIu64 ",\"last\":%" PRIu64
		       ",\"hash\":\"%s\",\"signatures\":%s,\"not_signed\":%" PRIu64 "}\n",
			v->first, v->seq, hash, v->key_count != 0 ? "true" : "false",
			v->not_signed);
		return;
	}
	printf("Records %" PRIu64 " to %" PRIu64 " are whole; the last has the hash %s.\n",
		v->first, v->seq, hash);
	print_signatures(v);
}

static int
run_verify(struct audit_client *a)
{
	struct error e = {.code = OK};
	enum err err;

	a->v.since = a->since;
	err = a->file != NULL ? verify_file(&a->v, a->file, &e) : verify_analyzer(a, &e);
	if (err != OK)
		return client_trouble(&a->client, e.text);
	if (audit_verify_end(&a->v)) {
		print_sound(a);
		return EXIT_SUCCESS;
	}
	print_fault(a);
	return EXIT_YES;
}

int
cmd_audit(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct audit_client *a);
		int operands;
	} table[] = {
		{"export", run_export, 1},
		{"verify", run_verify, 2},
		{"head", run_head, 1},
		{"key", run_key, 1},
	};
	struct audit_client a = {.client = {.command = "audit",
					 .usage = usage,
					 .more = options,
					 .take = take_option}};
	int operands;

	client_options(&a.client, argc, argv, "cjSKHP");
	if (a.client.done)
		return a.client.status;
	if (a.wrong[0] != '\0')
		return client_trouble(&a.client, a.wrong);
	operands = argc - optind;
	for (size_t i = 0; operands > 0 && i < ORBL_COUNT(table); i++)
		if (strcmp(argv[optind], table[i].name) == 0 && operands <= table[i].operands) {
			a.file = operands > 1 ? argv[optind + 1] : NULL;
			return table[i].run(&a);
		}
	return client_trouble(&a.client, "say export, verify, head or key; see --help");
}
