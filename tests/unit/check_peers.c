#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peers.h"
#include "peers_keys.h"
#include "unit.h"

#define KEY_A "hmac-sha256:a.example:AAECAwQFBgcICQoLDA0ODw=="
#define KEY_B "HMAC-SHA512:B.Example.:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

enum { ROWS_MAX = 8 };

/* Only what peers_new reads. */
struct fixture {
	struct conf conf;
	char *allow[ROWS_MAX], *notify[ROWS_MAX], *primaries[ROWS_MAX], *zones[ROWS_MAX];
	char directory[64], path[80];
	struct peers *peers;
	struct error e;
};

static void
add(struct conf_list *list, char **items, const char *text)
{
	list->items = items;
	items[list->count] = strdup(text);
	ck_assert_ptr_nonnull(items[list->count]);
	list->count++;
}

static void
set_up(struct fixture *f)
{
	static char none[] = "", zone[] = "dnsbl.example";

	memset(f, 0, sizeof(*f));
	f->conf.transfer.keys = f->conf.transfer.catalog = f->conf.transfer.source = none;
	f->conf.zone.name = zone;
	snprintf(f->directory, sizeof(f->directory), "/tmp/orbl-peers.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->directory));
	snprintf(f->path, sizeof(f->path), "%s/keys", f->directory);
}

static void
free_list(struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
}

static void
tear_down(struct fixture *f)
{
	peers_free(f->peers);
	free_list(&f->conf.transfer.allow);
	free_list(&f->conf.transfer.notify);
	free_list(&f->conf.transfer.primaries);
	free_list(&f->conf.dnsd.zones);
	unlink(f->path);
	rmdir(f->directory);
}

static void
write_keys(struct fixture *f, const char *text, mode_t mode)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ck_assert_int_eq(chmod(f->path, mode), 0);
	f->conf.transfer.keys = f->path;
}

static enum err
make(struct fixture *f)
{
	peers_free(f->peers);
	return peers_new(&f->conf, &f->peers, &f->e);
}

static void
allow(struct fixture *f, const char *row)
{
	add(&f->conf.transfer.allow, f->allow, row);
}

static struct addr
address(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(text), &a), OK);
	return a;
}

static enum peers_verdict
ask_over(struct fixture *f, const char *zone, const char *client, const char *key, bool over_tls)
{
	struct addr a = address(client);

	return peers_may_transfer(f->peers, zone, &a,
		key != NULL ? peers_keys_find(peers_keys(f->peers), key) : NULL, over_tls);
}

static enum peers_verdict
ask(struct fixture *f, const char *zone, const char *client, const char *key)
{
	return ask_over(f, zone, client, key, false);
}

static void
assert_error(struct fixture *f, enum err code, const char *text)
{
	ck_assert_int_eq(make(f), code);
	ck_assert_msg(strstr(f->e.text, text) != NULL, "\"%s\" has no \"%s\"", f->e.text, text);
}

/* --- keys ---------------------------------------------------------------------------------- */

START_TEST(test_keys)
{
	struct fixture f;
	struct tsig_keys *keys;

	set_up(&f);
	write_keys(&f, "# of secondaries\n\n  " KEY_A "\n" KEY_B "\r\n", 0640);
	ck_assert_int_eq(make(&f), OK);
	keys = peers_keys(f.peers);
	ck_assert_uint_eq(keys->count, 2);
	ck_assert_str_eq(keys->keys[1].name, "b.example");
	ck_assert_str_eq(keys->keys[1].algorithm, "hmac-sha512");
	ck_assert_uint_eq(keys->keys[0].secret_len, 16);
	ck_assert_uint_eq(keys->keys[1].secret[31], 31);
	ck_assert_int_eq(peers_check(&f.conf, NULL, 0, &f.e), OK);
	tear_down(&f);
}
END_TEST

/* What comes by transfer has to come from somebody. */
START_TEST(test_check_primaries)
{
	struct feed_zone zones[2];
	struct fixture f;

	set_up(&f);
	ck_assert_int_eq(feed_zone_parse("dnsbl.example=transfer:a", &zones[0], &f.e), OK);
	ck_assert_int_eq(feed_zone_parse("B.example.=transfer:b", &zones[1], &f.e), OK);
	add(&f.conf.dnsd.zones, f.zones, "dnsbl.example=transfer:a");
	add(&f.conf.dnsd.zones, f.zones, "B.example.=transfer:b");
	add(&f.conf.transfer.primaries, f.primaries, "dnsbl.example 192.0.2.1");
	ck_assert_int_eq(peers_check(&f.conf, zones, 1, &f.e), OK);
	ck_assert_int_eq(peers_check(&f.conf, zones, 2, &f.e), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(f.e.text, "zone b.example comes by transfer"));
	ck_assert_ptr_nonnull(strstr(f.e.text, "\"b.example ADDR[@PORT] [KEY]\""));
	add(&f.conf.transfer.primaries, f.primaries, "B.example 192.0.2.1");
	ck_assert_int_eq(peers_check(&f.conf, zones, 2, &f.e), OK);
	tear_down(&f);
}
END_TEST

/* Its empty name is no parent of all others. */
START_TEST(test_zone_beside_global_acl)
{
	struct fixture f;

	set_up(&f);
	add(&f.conf.dnsd.zones, f.zones, "=rbldnsd:acl:clients");
	add(&f.conf.dnsd.zones, f.zones, "dnsbl.example=snapshot:a");
	allow(&f, "dnsbl.example 192.0.2.1");
	ck_assert_int_eq(make(&f), OK);
	allow(&f, "dnsbl.exmaple 192.0.2.1");
	assert_error(&f, ERR_SYNTAX, "no such zone is served");
	tear_down(&f);
}
END_TEST

static const struct bad {
	const char *text, *error;
	enum err code;
} bad_keys[] = {
	{"x\n", ":1: not ALGORITHM:NAME:SECRET", ERR_SYNTAX},
	{"\n" KEY_A ":\n", ":2: the secret of key \"a.example\" is not base64", ERR_SYNTAX},
	{"hmac-md5:a:AAECAwQFBgcICQoLDA0ODw==\n", ":1: there are the algorithms", ERR_UNSUPPORTED},
	{"hmac-sha1:a:AAECAwQFBgcICQoLDA0ODw==\n", ":1: there are the algorithms", ERR_UNSUPPORTED},
	{"a:AAECAwQFBgcICQoLDA0ODw==\n", ":1: not ALGORITHM", ERR_SYNTAX},
	{"hmac-sha256:a..b:AAECAwQFBgcICQoLDA0ODw==\n", ":1: the key's name", ERR_SYNTAX},
	{"hmac-sha256:a:AAECAwQFBgcICQoLDA0O\n", "has 15 bytes", ERR_RANGE},
	{"hmac-sha256:a:%%%%\n", "not base64", ERR_SYNTAX},
	{"hmac-sha256:a:\n", "not ALGORITHM", ERR_SYNTAX},
	{KEY_A "\n" KEY_A "\n", ":2: key \"a.example\" is there twice", ERR_REFUSED},
};

START_TEST(test_bad_keys)
{
	struct fixture f;

	set_up(&f);
	write_keys(&f, bad_keys[_i].text, 0600);
	assert_error(&f, bad_keys[_i].code, bad_keys[_i].error);
	tear_down(&f);
}
END_TEST

START_TEST(test_keys_are_secret)
{
	static const mode_t modes[] = {0644, 0604, 0602, 0601};
	struct fixture f;

	set_up(&f);
	for (size_t i = 0; i < ORBL_COUNT(modes); i++) {
		write_keys(&f, KEY_A "\n", modes[i]);
		assert_error(&f, ERR_REFUSED, "chmod o-rwx");
	}
	write_keys(&f, KEY_A "\n", 0660);
	ck_assert_int_eq(make(&f), OK);
	unlink(f.path);
	assert_error(&f, ERR_IO, "No such file");
	tear_down(&f);
}
END_TEST

START_TEST(test_long_secret)
{
	struct tsig_keys keys = {.count = 0};
	struct error e;
	char line[512];
	size_t n = (size_t)snprintf(line, sizeof(line), "hmac-sha512:k:");

	memset(line + n, 'A', 168);
	snprintf(line + n + 168, 8, "AAAA");
	ck_assert_int_eq(peers_keys_parse(text_of(line), "f", &keys, &e), ERR_SYNTAX);
	snprintf(line + n + 168, 8, "AA==");
	ck_assert_int_eq(peers_keys_parse(text_of(line), "f", &keys, &e), OK);
	ck_assert_uint_eq(keys.keys[0].secret_len, 127);
	peers_keys_free(&keys);
}
END_TEST

/* --- rows ------------------------------------------------------------------------------------- */

START_TEST(test_nothing)
{
	struct fixture f;
	struct peer peer;

	set_up(&f);
	ck_assert(!peers_is_needed(&f.conf));
	ck_assert_int_eq(make(&f), OK);
	ck_assert_int_eq(ask(&f, "dnsbl.example", "192.0.2.1", NULL), PEERS_NO_ZONE);
	ck_assert(!peers_notify_of(f.peers, "dnsbl.example", 0, &peer));
	ck_assert(!peers_primary_of(f.peers, "dnsbl.example", 0, &peer));
	tear_down(&f);
}
END_TEST

START_TEST(test_allow)
{
	struct fixture f;

	set_up(&f);
	write_keys(&f, KEY_A "\n" KEY_B "\n", 0600);
	allow(&f, "DNSBL.example. 192.0.2.0/24 A.example");
	allow(&f, "  relay.dnsbl.example\t2001:db8::/32  ");
	ck_assert(peers_is_needed(&f.conf));
	ck_assert_int_eq(make(&f), OK);
	ck_assert_int_eq(ask(&f, "dnsbl.example", "192.0.2.1", "a.example"), PEERS_ALLOWED);
	ck_assert_int_eq(ask(&f, "web.dnsbl.example", "192.0.2.1", "a.example"), PEERS_ALLOWED);
	ck_assert_int_eq(ask(&f, "dnsbl.example", "192.0.2.1", "b.example"), PEERS_NO_KEY);
	ck_assert_int_eq(ask(&f, "dnsbl.example", "192.0.2.1", NULL), PEERS_NO_KEY);
	ck_assert_int_eq(ask(&f, "dnsbl.example", "192.0.3.1", "a.example"), PEERS_NO_ADDRESS);
	ck_assert_int_eq(ask(&f, "dnsbl.example", "2001:db8::1", NULL), PEERS_NO_ADDRESS);
	ck_assert_int_eq(ask(&f, "relay.dnsbl.example", "2001:db8::1", NULL), PEERS_ALLOWED);
	ck_assert_int_eq(ask(&f, "relay.dnsbl.example", "2001:db8::1", "b.example"), PEERS_ALLOWED);
	ck_assert_int_eq(ask(&f, "ydnsbl.example", "192.0.2.1", "a.example"), PEERS_NO_ZONE);
	ck_assert_int_eq(ask(&f, "example", "192.0.2.1", "a.example"), PEERS_NO_ZONE);
	tear_down(&f);
}
END_TEST

START_TEST(test_allow_all)
{
	struct fixture f;

	set_up(&f);
	allow(&f, "* 127.0.0.1");
	ck_assert_int_eq(make(&f), OK);
	ck_assert_int_eq(ask(&f, "any.thing", "127.0.0.1", NULL), PEERS_ALLOWED);
	ck_assert_int_eq(ask(&f, "any.thing", "127.0.0.2", NULL), PEERS_NO_ADDRESS);
	tear_down(&f);
}
END_TEST

START_TEST(test_notify)
{
	struct fixture f;
	struct peer peer;
	char text[ENDPOINT_TEXT];

	set_up(&f);
	write_keys(&f, KEY_A "\n", 0600);
	add(&f.conf.transfer.notify, f.notify, "* 192.0.2.1");
	add(&f.conf.transfer.notify, f.notify, "relay.dnsbl.example 2001:db8::1@5353 a.example");
	ck_assert_int_eq(make(&f), OK);
	ck_assert_uint_eq(peers_notify_count(f.peers), 2);
	ck_assert(peers_notify_of(f.peers, "relay.dnsbl.example", 0, &peer));
	ck_assert_str_eq(endpoint_format(&peer.endpoint, text), "192.0.2.1:53");
	ck_assert_ptr_null(peer.key);
	ck_assert(peers_notify_of(f.peers, "relay.dnsbl.example", 1, &peer));
	ck_assert_uint_eq(peer.endpoint.port, 5353);
	ck_assert_str_eq(peer.key->name, "a.example");
	ck_assert(!peers_notify_of(f.peers, "relay.dnsbl.example", 2, &peer));
	ck_assert(!peers_notify_of(f.peers, "dnsbl.example", 1, &peer));
	tear_down(&f);
}
END_TEST

START_TEST(test_primaries)
{
	struct fixture f;
	struct addr first = address("192.0.2.1"), second = address("192.0.2.2");
	const struct tsig_key *key;
	struct peer peer;

	set_up(&f);
	write_keys(&f, KEY_A "\n", 0600);
	add(&f.conf.transfer.primaries, f.primaries, "dnsbl.example 192.0.2.1@5300");
	add(&f.conf.transfer.primaries, f.primaries, "dnsbl.example 192.0.2.2 a.example");
	ck_assert_int_eq(make(&f), OK);
	key = peers_keys_find(peers_keys(f.peers), "a.example");
	ck_assert(peers_primary_of(f.peers, "dnsbl.example", 1, &peer));
	ck_assert(!peers_primary_of(f.peers, "relay.dnsbl.example", 0, &peer));
	ck_assert(peers_is_primary(f.peers, "dnsbl.example", &first, NULL));
	ck_assert(peers_is_primary(f.peers, "dnsbl.example", &first, key));
	ck_assert(peers_is_primary(f.peers, "dnsbl.example", &second, key));
	ck_assert(!peers_is_primary(f.peers, "dnsbl.example", &second, NULL));
	ck_assert(!peers_is_primary(f.peers, "relay.dnsbl.example", &first, NULL));
	tear_down(&f);
}
END_TEST

static const struct bad bad_rows[] = {
	{"", "not ZONE PREFIX [KEY]", ERR_SYNTAX},
	{"dnsbl.example", "not ZONE PREFIX [KEY]", ERR_SYNTAX},
	{"dnsbl.example 192.0.2.1 a.example more", "not ZONE PREFIX [KEY]", ERR_SYNTAX},
	{"dnsbl.example 192.0.2.1/24", "is no address or prefix", ERR_SYNTAX},
	{"dnsbl.example host.example", "is no address or prefix", ERR_SYNTAX},
	{"dnsbl..example 192.0.2.1", "its zone is not a domain name", ERR_SYNTAX},
	{"other.example 192.0.2.1", "no such zone is served", ERR_SYNTAX},
	{"dnsbl.example 192.0.2.1 a.example", "set transfer.keys", ERR_SYNTAX},
};

START_TEST(test_bad_rows)
{
	struct fixture f;

	set_up(&f);
	allow(&f, "* 192.0.2.1");
	allow(&f, bad_rows[_i].text);
	assert_error(&f, bad_rows[_i].code, bad_rows[_i].error);
	assert_error(&f, bad_rows[_i].code, "transfer.allow, row 2 (");
	tear_down(&f);
}
END_TEST

START_TEST(test_bad_others)
{
	struct fixture f;

	set_up(&f);
	write_keys(&f, KEY_A "\n", 0600);
	add(&f.conf.transfer.notify, f.notify, "* 192.0.2.0/24");
	assert_error(&f, ERR_SYNTAX,
		"transfer.notify, row 1 (\"* 192.0.2.0/24\"): its second word");
	free(f.notify[0]);
	f.conf.transfer.notify.count = 0;
	add(&f.conf.transfer.primaries, f.primaries, "* 192.0.2.1");
	assert_error(&f, ERR_SYNTAX, "* is none");
	free(f.primaries[0]);
	f.conf.transfer.primaries.count = 0;
	add(&f.conf.transfer.primaries, f.primaries, "relay.dnsbl.example 192.0.2.1");
	assert_error(&f, ERR_SYNTAX, "no such zone is served");
	free(f.primaries[0]);
	f.conf.transfer.primaries.count = 0;
	add(&f.conf.transfer.primaries, f.primaries, "dnsbl.example 192.0.2.1 b.example");
	assert_error(&f, ERR_SYNTAX, "has no key of this name");
	tear_down(&f);
}
END_TEST

START_TEST(test_zones_of_the_command_line)
{
	struct fixture f;
	static char catalog[] = "catalog.example";

	set_up(&f);
	add(&f.conf.dnsd.zones, f.zones, "list.test=snapshot:/x");
	allow(&f, "LIST.test 192.0.2.1");
	allow(&f, "relay.list.test 192.0.2.1");
	allow(&f, "test 192.0.2.1");
	ck_assert_int_eq(make(&f), OK);
	allow(&f, "catalog.example 192.0.2.1");
	assert_error(&f, ERR_SYNTAX, "no such zone");
	f.conf.transfer.catalog = catalog;
	ck_assert_int_eq(make(&f), OK);
	tear_down(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("peers");
	TCase *keys = tcase_create("keys"), *rows = tcase_create("rows");

	tcase_add_test(keys, test_keys);
	tcase_add_test(keys, test_check_primaries);
	tcase_add_test(keys, test_zone_beside_global_acl);
	tcase_add_loop_test(keys, test_bad_keys, 0, (int)ORBL_COUNT(bad_keys));
	tcase_add_test(keys, test_keys_are_secret);
	tcase_add_test(keys, test_long_secret);
	suite_add_tcase(s, keys);
	tcase_add_test(rows, test_nothing);
	tcase_add_test(rows, test_allow);
	tcase_add_test(rows, test_allow_all);
	tcase_add_test(rows, test_notify);
	tcase_add_test(rows, test_primaries);
	tcase_add_loop_test(rows, test_bad_rows, 0, (int)ORBL_COUNT(bad_rows));
	tcase_add_test(rows, test_bad_others);
	tcase_add_test(rows, test_zones_of_the_command_line);
	suite_add_tcase(s, rows);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
