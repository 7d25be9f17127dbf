#include "command.h"

#include <stdio.h>
#include <string.h>

#include "command_part.h"

json_t *
command_error(enum err code, const char *message)
{
	return json_pack("{s:b, s:s, s:s}", "ok", 0, "error", err_name(code), "message", message);
}

struct command_answer
command_refuse(enum err code, const char *message)
{
	return (struct command_answer){.object = command_error(code, message)};
}

struct command_answer
command_failure(const struct error *e)
{
	return command_refuse(e->code, e->text);
}

const char *
command_text(const struct command_request *r, const char *key)
{
	return json_string_value(json_object_get(r->json, key));
}

enum err
command_address(const struct command_request *r, struct addr *out, struct command_answer *answer)
{
	const char *text = command_text(r, "address");
	char message[256], shown[64];

	if (text != NULL && addr_parse(text_of(text), out) == OK)
		return OK;
	text_printable(text_of(text), shown, sizeof(shown));
	snprintf(message, sizeof(message), "\"%s\" is not an IPv4 or IPv6 address", shown);
	*answer = command_refuse(ERR_SYNTAX, message);
	return ERR_SYNTAX;
}

struct command_answer
command_run(const struct command_context *c, const struct command_request *r)
{
	static const struct {
		const char *name;
		command_fn *run;
	} table[] = {
		{"submit", command_submit},
		{"reporter", command_reporter},
		{"purge", command_purge},
		{"check", command_check},
		{"explain", command_explain},
		{"audit", command_audit},
		{"replay", command_replay},
		{"policy-page", command_page},
		{"list", command_list},
		{"status", command_status},
		{"operator", command_operator},
		{"zone", command_zone},
		{"publish", command_publish},
		{"report", command_report},
		{"delist", command_delist},
		{"ticket", command_ticket},
		{"prove", command_prove},
		{"ticket", command_ticket},
	};
	const char *name = command_text(r, "cmd");

	for (size_t i = 0; name != NULL && i < ORBL_COUNT(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].run(c, r);
	return command_refuse(ERR_UNSUPPORTED,
		"unknown command; this analyzer may be older than the orbl that asks it");
}
