#include "syslog_sender.h"

#include <stdio.h>
#include <stdlib.h>

#include "syslog_receiver.h"

struct syslog_sender *
syslog_sender_new(const struct syslog_sender_conf *conf, struct syslog_sender **list,
	struct error *e)
{
	struct submission_conf submission = *conf->submission;
	struct syslog_sender *s = calloc(1, sizeof(*s));
	char file[ADDR_TEXT + 8], address[ADDR_TEXT];

	if (s == NULL) {
		error_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	snprintf(file, sizeof(file), "syslog:%s", addr_format(&conf->addr, address));
	submission.file = file;
	if (submission_begin(&submission, &s->submission, e) != OK) {
		free(s);
		return NULL;
	}
	s->receiver = conf->receiver;
	s->way = conf->way;
	s->addr = conf->addr;
	s->heard_s = submission.now_s;
	s->is_greeted = conf->way != SYSLOG_TLS;
	syslog_stream_init(&s->stream, SYSLOG_MESSAGE_MAX);
	s->next = *list;
	s->previous = list;
	if (s->next != NULL)
		s->next->previous = &s->next;
	*list = s;
	return s;
}

void
syslog_sender_free(struct syslog_sender *s)
{
	*s->previous = s->next;
	if (s->next != NULL)
		s->next->previous = s->previous;
	if (s->be != NULL)
		bufferevent_free(s->be);
	submission_free(s->submission);
	syslog_stream_reset(&s->stream);
	free(s);
}

enum err
syslog_sender_line(struct syslog_sender *s, struct text line, struct error *e)
{
	s->has_news = true;
	return submission_feed(s->submission, line.p, line.len, e);
}

enum err
syslog_sender_commit(struct syslog_sender *s, int64_t now_s, enum submission_hurry hurry,
	struct error *e)
{
	enum err err;

	submission_set_now(s->submission, now_s);
	err = submission_checkpoint(s->submission, NULL, hurry, NULL, e);
	s->has_news = s->has_news && err != OK && err != ERR_REFUSED;
	return err;
}
