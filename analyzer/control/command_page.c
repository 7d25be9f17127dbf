#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include "audit_key.h"
#include "command_json.h"
#include "command_part.h"
#include "policy_page.h"
#include "retire.h"

/* "" when there is none yet: to look at the page must not make one. */
static void
find_key(const struct conf *conf, char out[AUDIT_KEY_TEXT])
{
	struct audit_key key = {.made = false};

	out[0] = '\0';
	if (access(conf->audit.key, R_OK) != 0)
		return;
	if (audit_key_load(conf->audit.key, &key, NULL) == OK)
		audit_hex(key.public, sizeof(key.public), out);
	sodium_memzero(&key, sizeof(key));
}

static void
find_notice(const struct command_context *c, char *out, size_t size)
{
	struct retirement r = {.stage = RETIRE_NOT};
	char day[16];

	out[0] = '\0';
	if (retire_load(c->store, &r, NULL) != OK || r.stage == RETIRE_NOT)
		return;
	policy_page_day(r.at_s, day, sizeof(day));
	if (r.stage == RETIRE_ANNOUNCED)
		snprintf(out, size, "This list ends on %s. Take it out of your configuration.",
			day);
	else
		snprintf(out, size, "This list has ended. Take it out of your configuration.");
}

static char *
make_page(const struct command_context *c, enum page_format format)
{
	char key[AUDIT_KEY_TEXT], notice[256], *text = NULL;
	const struct policy_page page = {.conf = c->conf, .audit_key = key, .notice = notice};
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	find_key(c->conf, key);
	find_notice(c, notice, sizeof(notice));
	policy_page_write(&page, format, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

struct command_answer
command_page(const struct command_context *c, const struct command_request *r)
{
	const char *name = command_text(r, "format");
	struct command_answer answer;
	enum page_format format;
	char *text;

	if (page_format_by_name(name != NULL ? name : "markdown", &format) != OK)
		return command_refuse(ERR_SYNTAX, "format is markdown, html or text");
	text = make_page(c, format);
	if (text == NULL)
		return command_refuse(ERR_MEMORY, "out of memory");
	answer = (struct command_answer){
		.object = json_pack("{s:b, s:s, s:o}", "ok", 1, "format", page_format_name(format),
			"page", command_json_text(text))};
	free(text);
	return answer;
}
