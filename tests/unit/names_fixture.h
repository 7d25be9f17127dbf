/* names_fixture.h - data sets of names compiled from text, and what they answer, as text.
 *
 *	names_compile("dnset", "f") of the file f in the working directory
 *	names_ask(zone, name) ->
 *		one part a data set of the zone, in order, with " | " between:
 *		"none", "empty", "127.0.0.2 \"$ is bad\" 2100 of 2",
 *		"A 192.0.2.1 60, TXT \"x\" 60 of 1"
 *
 * "of" is how many labels of the name the entry has; the dollar is the name's place. A number
 * behind data is the TTL.
 */
#ifndef TESTS_NAMES_FIXTURE_H
#define TESTS_NAMES_FIXTURE_H

#include <orbl/feed.h>

enum { NAMES_NOW_S = 1800000000 };

/* Write a file, a line a string; NULL ends them. */
void names_file(const char *path, const char *line, ...);
/* Compile files, commas between, and open the result; what was open before is closed. On an
 * error nothing is open. */
enum err names_try_compile(const char *type, const char *paths, struct error *e);
/* The same, and it must do. */
void names_compile(const char *type, const char *paths);
void names_close(void);
const struct snapshot *names_snapshot(void);
/* The warnings of the last compilation. */
const char *names_warnings(void);
/* NULL: there is no such zone. A name has no escapes; "" is the zone itself. Address sets are
 * asked when it is an IPv4 address, not reversed. Lent until the next call. */
const char *names_ask(const char *zone, const char *name);

#endif
