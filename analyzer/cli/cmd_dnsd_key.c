#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include <orbl/conf.h>

#include "client.h"
#include "cmd.h"
#include "key_file.h"
#include "key_zone.h"

enum { CALL_TIMEOUT_MS = 30000, PREFIX_MIN = 8, HASH_SHOWN = 16 };

static const char usage[] =
	"usage: orbl dnsd key add OWNER [--quota N] [--zone ZONE]... [-c FILE] [--json]\n"
	"       orbl dnsd key list [-c FILE] [--json]\n"
	"       orbl dnsd key revoke OWNER|HASH [-c FILE] [--json]\n"
	"\n"
	"Keys that clients put before the zone's name: 2.0.0.127.KEY.dnsbl.example. They are\n"
	"in the file access.keys, as hashes; an orbl-dnsd that runs is told when it changes.\n"
	"\n"
	"  add     make a key: printed once, and kept nowhere\n"
	"  list    all: owner, beginning of the hash, quota, state, date, zones\n"
	"  revoke  all keys of an owner, or the one whose hash begins so\n"
	"\n"
	"      --quota N      queries a day, 0 for no bound; without it access.key_quota\n"
	"      --zone ZONE    good for this zone of dnsd.zones and those below it, and no other\n"
	"  -j, --json         print one JSON object, list one for each\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 done; 1 there is no such key; 2 trouble.\n";

struct options {
	struct client client; /* first: take gets it */
	struct conf *conf;
	const char *operand;
	struct query_key key;
	const char *wrong; /* NULL: all options are well */
};

static void
take(struct client *client, int letter, const char *value)
{
	struct options *o = (struct options *)client;
	struct query_key *k = &o->key;

	if (letter == 'Q') {
		k->has_quota = true;
		if (text_to_u64(text_of(value), QUERY_KEY_QUOTA_MAX, &k->quota) != OK)
			o->wrong = "--quota needs a number of queries a day, up to 1000000000000";
	} else if (k->zone_count == QUERY_KEY_ZONES_MAX) {
		o->wrong = "a key can have 8 zones of its own; give none for all zones";
	} else if (!query_key_is_zone(text_of(value))) {
		o->wrong = "--zone needs a zone's name, such as dnsbl.example";
	} else {
		k->zones[k->zone_count++] = text_of(value);
	}
}

/* --- orbl-dnsd -------------------------------------------------------------- */

/* Have the file read, by an orbl-dnsd that is running. Returns the exit status. */
static int
tell_daemon(const struct options *o)
{
	const char *path = o->conf->dnsd.control_socket;
	json_t *request = json_pack("{s:s}", "cmd", "keys"), *answer = NULL;
	struct control *c;
	struct error e = {.code = OK};
	int status = EXIT_SUCCESS;

	if (path[0] == '\0' || control_connect(path, &c, &e) != OK) {
		fprintf(stderr,
			"orbl dnsd key: no orbl-dnsd answers at %s; it reads the file when it "
			"starts, and a running one within dnsd.check_interval\n",
			path[0] != '\0' ? path : "dnsd.control_socket");
		json_decref(request);
		return EXIT_SUCCESS;
	}
	control_close(c);
	if (control_call(path, request, CALL_TIMEOUT_MS, &answer, &e) != OK) {
		fprintf(stderr,
			"orbl dnsd key: the file is changed, but orbl-dnsd does not take it: %s\n",
			e.text);
		status = EXIT_TROUBLE;
	}
	json_decref(request);
	json_decref(answer);
	return status;
}

/* --- actions ----------------------------------------------------------------- */

static json_t *
key_json(const struct query_key *k)
{
	char hash[QUERY_KEY_HASH_TEXT];
	json_t *zones = json_array(), *object;

	query_key_hash_format(k->hash, hash);
	for (size_t i = 0; i < k->zone_count; i++)
		json_array_append_new(zones, json_stringn(k->zones[i].p, k->zones[i].len));
	object = json_pack("{s:s#, s:s, s:b, s:s#, s:o}", "owner", k->owner.p, (int)k->owner.len,
		"hash", hash, "revoked", k->revoked, "date", k->date.p, (int)k->date.len, "zones",
		zones);
	if (k->has_quota)
		json_object_set_new(object, "quota", json_integer((json_int_t)k->quota));
	return object;
}

static void
print_new_key(const struct options *o, const char *key)
{
	const struct query_key *k = &o->key;
	struct text zone = key_zone_to_try(o->conf, k);
	json_t *object;

	if (o->client.json) {
		object = key_json(k);
		json_object_set_new(object, "key", json_string(key));
		client_print_json(object);
		json_decref(object);
		return;
	}
	printf("The key of %s, which is shown this once:\n\n%s\n\n"
	       "It goes before the zone's name. This must have an answer:\n\n"
	       "2.0.0.127.%s.%.*s\n",
		o->operand, key, key, TEXT_ARG(zone));
}

static int
run_add(struct options *o, struct key_file *f, struct error *e)
{
	char key[QUERY_KEY_LEN + 1], date[16];
	time_t now = time(NULL);
	struct tm tm;
	enum err err;

	o->key.owner = text_of(o->operand);
	if (!query_key_is_owner(o->key.owner))
		return client_trouble(&o->client,
			"the owner must have 1 to 64 letters, digits and -._@+, and not begin "
			"with -");
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	o->key.date = text_of(date);
	query_key_make(key);
	query_key_hash(key, o->key.hash);
	err = key_zone_check(o->conf, &o->key, e);
	if (err == OK)
		err = key_file_add(f, &o->key, e);
	if (err == OK)
		print_new_key(o, key);
	sodium_memzero(key, sizeof(key));
	return err == OK ? tell_daemon(o) : client_failure(&o->client, e, NULL);
}

static void
print_row(const struct query_key *k)
{
	char hash[QUERY_KEY_HASH_TEXT], quota[24] = "-";

	query_key_hash_format(k->hash, hash);
	if (k->has_quota)
		snprintf(quota, sizeof(quota), "%llu", (unsigned long long)k->quota);
	printf("%-24.*s %.*s %13s %-8s %.*s", TEXT_ARG(k->owner), HASH_SHOWN, hash, quota,
		k->revoked ? "revoked" : "active", TEXT_ARG(k->date));
	for (size_t i = 0; i < k->zone_count; i++)
		printf(" %.*s", TEXT_ARG(k->zones[i]));
	putchar('\n');
}

static int
run_list(struct options *o, struct key_file *f, struct error *e)
{
	struct text rest = {f->bytes, f->len};
	struct query_key k;
	json_t *object;

	(void)e;
	if (!o->client.json)
		printf("%-24s %-16s %13s %-8s %-10s %s\n", "owner", "hash", "quota", "state",
			"date", "zones");
	while (key_file_next(&rest, &k, NULL)) {
		if (!o->client.json) {
			print_row(&k);
			continue;
		}
		object = key_json(&k);
		client_print_json(object);
		json_decref(object);
	}
	return EXIT_SUCCESS;
}

static bool
has_owner(const struct query_key *k, const void *context)
{
	return text_equal(k->owner, text_of(context));
}

static bool
has_hash(const struct query_key *k, const void *context)
{
	char hash[QUERY_KEY_HASH_TEXT];

	query_key_hash_format(k->hash, hash);
	return text_has_prefix(text_of(hash), text_of(context));
}

static size_t
count_keys(const struct key_file *f, bool (*wanted)(const struct query_key *, const void *),
	const void *context)
{
	struct text rest = {f->bytes, f->len};
	struct query_key k;
	size_t count = 0;

	while (key_file_next(&rest, &k, NULL))
		count += wanted(&k, context);
	return count;
}

static int
run_revoke(struct options *o, struct key_file *f, struct error *e)
{
	bool by_owner = count_keys(f, has_owner, o->operand) != 0;
	size_t matching = by_owner ? 1 : count_keys(f, has_hash, o->operand), count;
	json_t *object;

	if (!by_owner && (strlen(o->operand) < PREFIX_MIN || matching == 0)) {
		client_trouble(&o->client,
			"no key has this owner, or a hash that begins so (8 digits or more)");
		return EXIT_YES;
	}
	if (matching > 1)
		return client_trouble(&o->client, "several hashes begin so; give more digits");
	if (key_file_revoke(f, by_owner ? has_owner : has_hash, o->operand, &count, e) != OK)
		return client_failure(&o->client, e, NULL);
	if (o->client.json) {
		object = json_pack("{s:I}", "revoked", (json_int_t)count);
		client_print_json(object);
		json_decref(object);
	} else if (count == 0) {
		puts("already revoked");
	} else {
		printf("%zu key%s revoked\n", count, count == 1 ? " is" : "s are");
	}
	return count != 0 ? tell_daemon(o) : EXIT_SUCCESS;
}

static const struct action {
	const char *name;
	bool has_operand, changes;
	int (*run)(struct options *o, struct key_file *f, struct error *e);
} actions[] = {
	{"add", true, true, run_add},
	{"list", false, false, run_list},
	{"revoke", true, true, run_revoke},
};

static int
run_action(struct options *o, const struct action *action)
{
	struct error e = {.code = OK};
	struct key_file f = {.lock = -1};
	enum err err = conf_load(conf_path(o->client.config), &o->conf, &e);
	int status;

	if (err == OK && o->conf->access.keys[0] == '\0')
		err = error_set(&e, ERR_RANGE,
			"access.keys names no file; set it in orbl.conf, such as access.keys = "
			"\"/var/lib/orbl/keys\"");
	if (err == OK)
		err = key_file_open(&f, o->conf->access.keys, action->changes, &e);
	status = err == OK ? action->run(o, &f, &e) : client_failure(&o->client, &e, NULL);
	key_file_close(&f);
	conf_free(o->conf);
	return status;
}

static int
run(struct options *o, int argc, char **argv)
{
	const char *name = optind < argc ? argv[optind] : "list";
	int operands = argc - optind - 1;

	if (o->wrong != NULL)
		return client_trouble(&o->client, o->wrong);
	for (size_t i = 0; i < ORBL_COUNT(actions); i++) {
		const struct action *a = &actions[i];

		if (strcmp(a->name, name) != 0)
			continue;
		if (operands > 0 ? operands != a->has_operand : a->has_operand)
			return client_trouble(&o->client,
				a->has_operand ? "name one owner; see --help" :
						 "takes no operand; see --help");
		if (strcmp(name, "add") != 0 && (o->key.has_quota || o->key.zone_count != 0))
			return client_trouble(&o->client, "--quota and --zone are of add alone");
		o->operand = a->has_operand ? argv[optind + 1] : NULL;
		return run_action(o, a);
	}
	return client_trouble(&o->client, "no such action; see --help");
}

int
cmd_dnsd_key(int argc, char **argv)
{
	static const struct option more[] = {
		{"quota", required_argument, NULL, 'Q'},
		{"zone", required_argument, NULL, 'Z'},
		{0},
	};
	static char label[] = "orbl dnsd key";
	struct options o = {
		.client = {.command = "dnsd key", .usage = usage, .more = more, .take = take},
	};

	argv[0] = label; /* getopt begins its messages with it */
	client_options(&o.client, argc, argv, "cjQZ");
	return o.client.done ? o.client.status : run(&o, argc, argv);
}
