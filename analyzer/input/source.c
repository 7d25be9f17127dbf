#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
look_at(struct source *s, struct error *e)
{
	struct stat st;

	if (fstat(s->fd, &st) != 0)
		return error_errno(e, "%s", s->name);
	if (S_ISDIR(st.st_mode))
		return error_set(e, ERR_UNSUPPORTED, "%s: is a directory, not a file", s->name);
	s->is_regular = S_ISREG(st.st_mode);
	if (s->is_regular) {
		s->total = (uint64_t)st.st_size;
		(void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
		return OK;
	}
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return s->wake_fd >= 0 ? OK : error_errno(e, "%s: cannot wait for it", s->name);
}

enum err
source_open(struct source *s, const char *name, struct error *e)
{
	enum err err;

	atomic_init(&s->done, 0);
	atomic_init(&s->woken, false);
	s->is_regular = false;
	s->total = 0;
	s->fd = s->wake_fd = -1;
	s->name = strdup(name);
	if (s->name == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", name);
	if (strcmp(name, "-") == 0)
		s->fd = STDIN_FILENO;
	else
		s->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	err = s->fd >= 0 ? look_at(s, e) : error_errno(e, "%s", name);
	if (err != OK)
		source_close(s);
	return err;
}

void
source_close(struct source *s)
{
	if (s->wake_fd >= 0)
		(void)close(s->wake_fd);
	if (s->fd > STDIN_FILENO)
		(void)close(s->fd);
	free(s->name);
	s->name = NULL;
	s->fd = s->wake_fd = -1;
}

/* Until there is something to read. False: woken. */
static bool
wait_readable(const struct source *s)
{
	struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN},
		{.fd = s->wake_fd, .events = POLLIN}};

	while (poll(fds, ORBL_COUNT(fds), -1) < 0)
		if (errno != EINTR && errno != EAGAIN)
			return true; /* read says what is wrong */
	return (fds[1].revents & POLLIN) == 0;
}

enum err
source_read(struct source *s, void *bytes, size_t size, size_t *got, struct error *e)
{
	ssize_t n;

	*got = 0;
	do {
		if (!s->is_regular && !wait_readable(s))
			return OK;
		if (atomic_load_explicit(&s->woken, memory_order_relaxed))
			return OK;
		n = read(s->fd, bytes, size);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return error_errno(e, "%s: cannot read", s->name);
	*got = (size_t)n;
	(void)atomic_fetch_add_explicit(&s->done, (uint64_t)n, memory_order_relaxed);
	return OK;
}

void
source_wake(struct source *s)
{
	const uint64_t one = 1;

	atomic_store(&s->woken, true);
	if (s->wake_fd >= 0 && write(s->wake_fd, &one, sizeof(one)) < 0)
		return; /* it is readable already */
}
