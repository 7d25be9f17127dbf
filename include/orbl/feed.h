/* feed.h - formats in which a list travels in or out: a table, one row a format.
 *
 * A feed is named TYPE:FILE, as in `--zone NAME=ip4set:FILE`. Loading compiles the file
 * into a snapshot that the caller writes to a descriptor: a hostile file meets only the
 * process that loads it.
 */
#ifndef ORBL_FEED_H
#define ORBL_FEED_H

#include <stdio.h>

#include <orbl/err.h>
#include <orbl/snapshot.h>

/* "NAME=SOURCE": the origin and where its data come from. SOURCE is "snapshot:FILE" (a
 * snapshot as it is) or "rbldnsd:TYPE:FILE". */
enum feed_source { FEED_SNAPSHOT, FEED_RBLDNSD };

struct feed_zone {
	char origin[256]; /* presentation form, without the last dot, lower case */
	enum feed_source source;
	char type[16]; /* rbldnsd data set type, "" for a snapshot */
	char path[4096];
};

/* Parse the argument of --zone. The error names the part that is wrong and the types there are. */
enum err
feed_zone_parse(const char *argument, struct feed_zone *out, struct error *e) ORBL_NODISCARD;

/* Compile the file of a FEED_RBLDNSD zone and write the snapshot to fd. Warnings of the
 * file (a line rejected, as rbldnsd does) are counted and the first ones written to
 * warnings (may be NULL) as "FILE:LINE: reason". */
enum err feed_compile(const struct feed_zone *zone, int64_t now_s, int fd, FILE *warnings,
	struct error *e) ORBL_NODISCARD;

#endif
