#include "input.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 16 };

struct level { /* a directory that is being gone through */
	struct dirent **entries;
	int count, next;
	char *path;
};

struct walk {
	input_file_fn *fn;
	void *context;
	size_t depth;
	struct level levels[DEPTH_MAX];
};

static int
is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* By bytes, the same order in every locale. */
static int
compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes path. A directory that cannot be gone into is given to fn, which finds out why. */
static enum err
enter(struct walk *w, char *path)
{
	struct level *l = &w->levels[w->depth];
	enum err err;

	if (w->depth < DEPTH_MAX) {
		*l = (struct level){.path = path};
		l->count = scandir(path, &l->entries, is_visible, compare_names);
		if (l->count >= 0) {
			w->depth++;
			return OK;
		}
	}
	err = w->fn(path, w->context);
	free(path);
	return err;
}

static void
leave(struct walk *w)
{
	struct level *l = &w->levels[--w->depth];

	for (int i = l->next; i < l->count; i++)
		free(l->entries[i]);
	free(l->entries);
	free(l->path);
}

static char *
join(const char *directory, const char *name)
{
	size_t len = strlen(directory);
	char *path;

	while (len > 1 && directory[len - 1] == '/')
		len--;
	if (asprintf(&path, "%.*s%s%s", (int)len, directory, directory[len - 1] == '/' ? "" : "/",
		    name) < 0)
		return NULL;
	return path;
}

/* The next entry of the directory in which we are. */
static enum err
visit(struct walk *w, struct level *l, struct error *e)
{
	struct dirent *entry = l->entries[l->next++];
	char *path = join(l->path, entry->d_name);
	struct stat st = {.st_mode = S_IFREG};
	enum err err = OK;

	free(entry);
	if (path == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", l->path);
	(void)lstat(path, &st); /* if this fails, so does fn, and says why */
	if (S_ISDIR(st.st_mode))
		return enter(w, path);
	if (S_ISREG(st.st_mode)) /* reading from a special file may block for ever */
		err = w->fn(path, w->context);
	free(path);
	return err;
}

enum err
input_walk(const char *path, input_file_fn *fn, void *context, struct error *e)
{
	struct walk w = {.fn = fn, .context = context};
	enum err err = OK;
	struct stat st;
	char *top;

	if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return fn(path, context);
	top = strdup(path);
	if (top == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", path);
	err = enter(&w, top);
	while (err == OK && w.depth != 0) {
		struct level *l = &w.levels[w.depth - 1];

		if (l->next < l->count)
			err = visit(&w, l, e);
		else
			leave(&w);
	}
	while (w.depth != 0)
		leave(&w);
	return err;
}
