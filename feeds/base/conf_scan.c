#include "conf_scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct scan {
	char *at;
	uint32_t line;
	uint32_t opened; /* line of the brace that is open, 0 none */
	unsigned depth;
	bool in_word; /* within an unquoted value, where slashes are its own */
	struct error *error;
};

static enum err
scan_string(struct scan *s)
{
	const char quote = *s->at++;

	for (; *s->at != quote; s->at++) {
		if (*s->at == '\0' || *s->at == '\n' || *s->at == '\r')
			return error_set(s->error, ERR_SYNTAX,
				"a string is not closed on its line; add the missing %c", quote);
		if ((unsigned char)*s->at < ' ' || *s->at == 0x7f)
			return error_set(s->error, ERR_SYNTAX,
				"a string has a control character; remove it");
		if (quote == '"' && s->at[0] == '$' && s->at[1] == '{')
			return error_set(s->error, ERR_SYNTAX,
				"variables are not replaced; write \\${ for the characters ${");
		if (*s->at != '\\')
			continue;
		s->at++;
		if (quote == '"' && (*s->at == '\0' || strchr("\"\\$", *s->at) == NULL))
			return error_set(s->error, ERR_SYNTAX,
				"only \\\", \\\\ and \\$ may follow a backslash; "
				"write \\\\ for a backslash itself");
		if (quote == '\'' && *s->at != '\'' && *s->at != '\\')
			s->at--;
	}
	s->at++;
	return OK;
}

static void
scan_line_comment(struct scan *s)
{
	while (*s->at != '\0' && *s->at != '\n')
		*s->at++ = ' ';
}

static enum err
scan_block_comment(struct scan *s)
{
	uint32_t line = s->line;

	s->at[0] = s->at[1] = ' ';
	for (s->at += 2; *s->at != '\0'; s->at++) {
		if (s->at[0] == '*' && s->at[1] == '/') {
			s->at[0] = s->at[1] = ' ';
			s->at += 2;
			return OK;
		}
		if (*s->at == '\n')
			s->line++;
		else
			*s->at = ' ';
	}
	s->line = line;
	return error_set(s->error, ERR_SYNTAX, "a comment is not closed; add the missing */");
}

static enum err
scan_brace(struct scan *s)
{
	if (*s->at == '{' && s->depth++ == 0)
		s->opened = s->line;
	else if (*s->at == '}' && s->depth-- == 0)
		return error_set(s->error, ERR_SYNTAX, "a } closes nothing; remove it");
	s->at++;
	return OK;
}

static enum err
scan_other(struct scan *s)
{
	unsigned char c = (unsigned char)*s->at;

	if (c == '*' || c == '(' || c == ')' || (c == '+' && s->at[1] != '=') ||
		(c == '$' && s->at[1] == '{'))
		return error_set(s->error, ERR_SYNTAX,
			"a value with %c must be in quotes; write NAME = \"VALUE\"", c);
	if ((c < ' ' && c != '\t' && c != '\n' && (c != '\r' || s->at[1] != '\n')) || c == 0x7f)
		return error_set(s->error, ERR_SYNTAX,
			"there is a control character (byte %u); the file must be text", c);
	s->line += c == '\n';
	s->in_word = strchr(" \t\r\n=,+", c) == NULL;
	s->at++;
	return OK;
}

static enum err
scan_next(struct scan *s)
{
	bool starts = !s->in_word;

	s->in_word = false;
	if (*s->at == '"' || *s->at == '\'')
		return scan_string(s);
	if (*s->at == '{' || *s->at == '}')
		return scan_brace(s);
	if (*s->at == '#' || (starts && s->at[0] == '/' && s->at[1] == '/')) {
		scan_line_comment(s);
		return OK;
	}
	if (starts && s->at[0] == '/' && s->at[1] == '*')
		return scan_block_comment(s);
	return scan_other(s);
}

enum err
conf_scan(char *text, uint32_t *line, struct error *e)
{
	struct scan s = {.at = text, .line = 1, .error = e};
	enum err err = OK;

	while (err == OK && *s.at != '\0')
		err = scan_next(&s);
	*line = s.line;
	if (err == OK && s.depth != 0) {
		*line = s.opened;
		return error_set(e, ERR_SYNTAX, "a { is not closed; add the missing }");
	}
	return err;
}
