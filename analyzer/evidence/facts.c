#include "facts.h"

#include <stdlib.h>
#include <string.h>

void
facts_init(struct facts *f)
{
	memset(f, 0, sizeof(*f));
}

void
facts_reset(struct facts *f)
{
	for (size_t i = 0; i < f->text_count; i++)
		free(f->texts[i]);
	free(f->texts);
	free(f->items);
	facts_init(f);
}

/* Room for one more; NULL: out of memory, items are as they were. */
static void *
grown(void *items, size_t count, size_t *room, size_t size)
{
	size_t more = *room != 0 ? 2 * *room : 16;
	void *p = items;

	if (count < *room)
		return items;
	p = reallocarray(items, more, size);
	if (p != NULL)
		*room = more;
	return p;
}

/* One copy of each text: they are a few names that come again and again. NULL: out of memory. */
static const char *
keep_text(struct facts *f, const char *text)
{
	char **texts;

	for (size_t i = f->text_count; i-- > 0;)
		if (strcmp(f->texts[i], text) == 0)
			return f->texts[i];
	texts = grown(f->texts, f->text_count, &f->text_room, sizeof(f->texts[0]));
	if (texts == NULL)
		return NULL;
	f->texts = texts;
	texts[f->text_count] = strdup(text);
	return texts[f->text_count] != NULL ? texts[f->text_count++] : NULL;
}

enum err
facts_add(struct facts *f, const struct score_fact *fact, struct error *e)
{
	struct score_fact *items = grown(f->items, f->count, &f->room, sizeof(f->items[0]));
	struct score_fact copy = *fact;

	if (items == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for evidence");
	f->items = items;
	copy.reporter = keep_text(f, fact->reporter);
	copy.key = fact->key != NULL ? keep_text(f, fact->key) : copy.reporter;
	copy.rule = fact->rule != NULL ? keep_text(f, fact->rule) : NULL;
	if (copy.reporter == NULL || copy.key == NULL || (copy.rule == NULL && fact->rule != NULL))
		return error_set(e, ERR_MEMORY, "out of memory for evidence");
	f->items[f->count++] = copy;
	return OK;
}
