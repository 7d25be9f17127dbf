/* key_zone.h - the zones that orbl-dnsd serves, as the configuration has them, for its keys. */
#ifndef ANALYZER_KEY_ZONE_H
#define ANALYZER_KEY_ZONE_H

#include <orbl/conf.h>
#include <orbl/query_key.h>

/* Is each of the key's zones served, or one below or above it? The error names those that are. */
enum err
key_zone_check(const struct conf *conf, const struct query_key *k, struct error *e) ORBL_NODISCARD;
/* A zone for which the key is good; lends from conf or the key. */
struct text key_zone_to_try(const struct conf *conf, const struct query_key *k);

#endif
