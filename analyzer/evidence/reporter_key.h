/* reporter_key.h - the key of a reporter: 160 random bits, of which the configuration has the hash.
 *
 * A key is 32 letters of base32 (RFC 4648, in lower case), easily typed and said; its hash is
 * BLAKE2b-256 in 64 hexadecimal digits. The hash needs no salt: nobody can try 2^160 keys.
 */
#ifndef ANALYZER_REPORTER_KEY_H
#define ANALYZER_REPORTER_KEY_H

#include <stdbool.h>

#include <orbl/err.h>

enum { REPORTER_KEY = 33, REPORTER_KEY_HASH = 65 }; /* buffer sizes, with the NUL */

void reporter_key_make(char out[REPORTER_KEY]);
/* Of what is no key, too. */
void reporter_key_hash(const char *key, char out[REPORTER_KEY_HASH]);
bool reporter_key_is_hash(const char *hash);
/* In constant time; hash is one. NULL or "" is no key. */
bool reporter_key_fits(const char *key, const char *hash);
/* The key in a file that nobody but its owner may read: one line. */
enum err
reporter_key_read(const char *path, char out[REPORTER_KEY], struct error *e) ORBL_NODISCARD;

#endif
