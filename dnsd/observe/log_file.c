#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void
refuse(struct error *e)
{
	error_set(e, ERR_UNSUPPORTED,
		"it is neither a file nor a character device; a FIFO or socket cannot be written "
		"to here");
}

int
log_file_open(const char *path, mode_t mode, struct error *e)
{
	int fd = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW,
		mode);
	struct stat st;

	if (fd < 0 && errno == ELOOP)
		error_set(e, ERR_UNSUPPORTED,
			"it is a symbolic link, which is not followed; name the file itself");
	else if (fd < 0 && errno == ENXIO)
		refuse(e);
	else if (fd < 0)
		error_errno(e, "cannot open");
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)))
		return fd;
	close(fd);
	refuse(e);
	return -1;
}
