/* purge_part.h - what the files of purge.c share: a purge under way. */
#ifndef ANALYZER_PURGE_PART_H
#define ANALYZER_PURGE_PART_H

#include "nominate.h"
#include "purge.h"

enum { PURGE_WINDOW_TEXT = 96, PURGE_WHAT = 400 };

/* What is done in its transaction at most. */
enum { PURGE_SLICE_HOSTS = 1000 };

struct purge_kind {
	/* Find what there is, some of it; *more: not all yet. Outside of a transaction. */
	enum err (*gather)(struct purge *p, bool *more, struct error *e);
	/* Take some of it out, at most so much; *did 0: nothing is left. Inside a transaction. */
	enum err (*take_out)(struct purge *p, size_t most, size_t *did, struct error *e);
	/* What was taken out, for the audit log. */
	void (*say)(const struct purge *p, char out[PURGE_WHAT]);
};

struct purge_listing {
	struct prefix prefix;
	enum category category;
	int64_t since_s;
};

struct purge_run {
	const struct purge_kind *kind;
	char subject[SCORE_NAME]; /* of audit record and alarm */
	bool is_gathered, is_recorded;
	int64_t begun_s;
	/* of a reporter */
	struct store_window window;
	char reporter[SCORE_NAME];
	bool with_proved;
	struct nominate nominate;
	struct store_purge_place place;
	struct store_purge_slice slice;
	/* of a cause */
	struct purge_cause cause;
	uint64_t listings, proved; /* listings there are; of those of the cause */
	char last[PREFIX_TEXT];    /* the last one that was looked at */
	int last_category;
	size_t count, room, next;
	struct purge_listing *items;
};

/* A run of this kind. */
enum err purge_part_begin(struct purge *p, const struct purge_kind *kind, const char *subject,
	struct error *e) ORBL_NODISCARD;
void
purge_part_tell(const struct purge *p, const char *what, const char *subject, const char *category);
struct list_ending purge_part_ending(const struct purge *p, uint32_t categories);
/* ", since 2026-11-21T19:00:00Z, before 2026-11-22T00:00:00Z"; "": at any time. */
void purge_part_window(int64_t since_s, int64_t until_s, char out[PURGE_WINDOW_TEXT]);
/* items with room for one more behind count, which may have moved; NULL: out of memory. */
void *purge_part_grow(void *items, size_t count, size_t *room, size_t size);

#endif
