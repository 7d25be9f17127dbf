/* relay_model.h - what a relay policy is made of: for the readers of its forms and the rules.
 *
 * A reader fills a model through the functions here, which check every value the same way and
 * name file and line in what they refuse. Nothing else sees these fields.
 */
#ifndef ANALYZER_RELAY_MODEL_H
#define ANALYZER_RELAY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <orbl/compiler.h>
#include <orbl/err.h>
#include <orbl/text.h>

#include "relay_policy.h"

enum { RELAY_LINE_TEXT = 32 }; /* "255.255.255.255;255.255.255.255" */

enum relay_list_kind { RELAY_LIST_DENY, RELAY_LIST_ALLOW, RELAY_LIST_LOCAL_IP, RELAY_LIST_COUNT };

enum relay_version { RELAY_VERSION_4_0, RELAY_VERSION_5_0, RELAY_VERSION_5_5 };

enum relay_setting_kind { /* those that have one value */
	RELAY_SETTING_FLAGS,
	RELAY_SETTING_ROUTING,
	RELAY_SETTING_VERSION,
	RELAY_SETTING_ENCAPSULATED_FIX,
	RELAY_SETTING_POP3_IMAP4,
	RELAY_SETTING_IP_FORWARDING,
	RELAY_SETTING_COUNT
};

struct relay_line {
	uint32_t net, mask; /* host order; matches when (address AND mask) = net */
	unsigned line;
	char text[RELAY_LINE_TEXT]; /* as the list says it */
};

struct relay_list {
	struct relay_line *lines;
	size_t count, room;
	unsigned line; /* of its first entry, 0: no such list */
};

struct relay_domain {
	char *name; /* lower case */
	unsigned line;
};

struct relay_postfix; /* relay_postfix.h */

/* Everything at rest is a 5.5 server with SP3 as installed: no registry value set. */
struct relay_policy {
	enum relay_dialect dialect;
	struct relay_postfix *postfix; /* all of a Postfix policy; the rest is of the IMS */
	bool flags_set;
	uint32_t flags;
	struct relay_list lists[RELAY_LIST_COUNT];
	struct relay_domain *domains;
	size_t domain_count, domain_room;
	enum relay_version version;
	bool do_not_reroute, unfixed_encapsulation, no_pop3_imap4, ip_forwarding;
	unsigned setting_lines[RELAY_SETTING_COUNT]; /* 0: not set, a default */
};

/* The text being read, for messages. */
struct relay_source {
	const char *name;
	FILE *warnings; /* NULL: not wanted */
	struct error *error;
};

struct relay_policy *relay_model_new(void);    /* NULL: out of memory */
void relay_model_free(struct relay_policy *p); /* NULL ok */
/* Forget flags and lists, as if the registry had none. */
void relay_model_forget_registry(struct relay_policy *p);
const char *relay_model_list_name(enum relay_list_kind kind); /* "RelayDenyList" */

/* A line "Net[;mask]" of a list. Warns of a net with bits outside its mask. */
enum err relay_model_add_line(struct relay_policy *p, enum relay_list_kind kind, struct text entry,
	unsigned line, const struct relay_source *source) ORBL_NODISCARD;
enum err relay_model_add_domain(struct relay_policy *p, struct text name, unsigned line,
	const struct relay_source *source) ORBL_NODISCARD;
void relay_model_set_flags(struct relay_policy *p, uint32_t flags, unsigned line,
	const struct relay_source *source);
/* When all is read: warn of what has no effect. */
void relay_model_check(const struct relay_policy *p, const struct relay_source *source);

/* Set the error to "NAME:LINE: ..." and return code. Line 0, of a default, is told as 1. */
enum err relay_model_refuse(const struct relay_source *source, enum err code, unsigned line,
	const char *fmt, ...) ORBL_PRINTF(4, 5);
void relay_model_warn(const struct relay_source *source, unsigned line, const char *fmt, ...)
	ORBL_PRINTF(3, 4);

/* Readers of the forms: fill p from all bytes; whether a form is meant is told from the content,
 * and from the file's name when that leaves it open. */
bool relay_reg_is(struct text bytes, const char *name);
enum err relay_reg_parse(struct text bytes, struct relay_policy *p,
	const struct relay_source *source) ORBL_NODISCARD;
enum err relay_policy_file_parse(struct text bytes, struct relay_policy *p,
	const struct relay_source *source) ORBL_NODISCARD;

#endif
