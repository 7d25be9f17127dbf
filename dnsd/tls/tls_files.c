#include "tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/file.h>

enum {
	PEM_MAX = 1 << 20,
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

/* Of the memory file; the two texts follow. */
struct head {
	uint32_t code; /* enum err */
	uint32_t certificate_len, key_len;
	char text[sizeof(((struct error *)NULL)->text)]; /* of an error */
};

struct pem {
	char *bytes;
	size_t len;
};

/* --- the process that reads ----------------------------------------------------------------- */

static enum err
read_file(const char *option, const char *path, bool is_secret, struct pem *out, struct error *e)
{
	struct error why = {.code = OK};
	struct stat st;

	if (is_secret && stat(path, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
		return error_set(e, ERR_REFUSED,
			"%s: others may read or change the private key in %.300s (mode %04o); "
			"chmod o-rwx it, and make a new key if strangers had access",
			option, path, (unsigned)st.st_mode & 07777);
	if (file_read(path, PEM_MAX, &out->bytes, &out->len, &why) == OK)
		return OK;
	error_set(e, why.code, "%s: %.300s", option, why.text);
	file_explain_denied(path, "it", "dnsd.user", e);
	return e->code;
}

static enum err
check(const char *path, const struct pem *certificate, const struct pem *key, struct error *e)
{
	struct tls_context *context;
	struct error why = {.code = OK};

	if (tls_context_server((struct text){certificate->bytes, certificate->len},
		    (struct text){key->bytes, key->len}, &context, &why) != OK)
		return error_set(e, why.code,
			"transfer.tls_certificate, transfer.tls_key: %.200s: %s", path, why.text);
	tls_context_free(context);
	return OK;
}

static enum err
write_texts(int fd, const struct pem *certificate, const struct pem *key, struct error *e)
{
	struct head head = {.certificate_len = (uint32_t)certificate->len,
		.key_len = (uint32_t)key->len};
	enum err err = file_write_all(fd, &head, sizeof(head), e);

	if (err == OK)
		err = file_write_all(fd, certificate->bytes, certificate->len, e);
	return err == OK ? file_write_all(fd, key->bytes, key->len, e) : err;
}

static enum err
copy(const char *certificate_path, const char *key_path, int fd, struct error *e)
{
	struct pem certificate, key;
	bool is_one = key_path[0] == '\0';
	enum err err = read_file("transfer.tls_certificate", certificate_path, is_one, &certificate,
		e);

	if (err == OK)
		err = read_file("transfer.tls_key", is_one ? certificate_path : key_path, true,
			&key, e);
	if (err == OK)
		err = check(is_one ? certificate_path : key_path, &certificate, &key, e);
	return err == OK ? write_texts(fd, &certificate, &key, e) : err;
}

/* All that it has read goes with it. */
static _Noreturn void
read_and_end(const char *certificate, const char *key, int fd)
{
	struct error e = {.code = OK};
	struct head head = {.code = (uint32_t)copy(certificate, key, fd, &e)};

	if (head.code != OK) {
		memcpy(head.text, e.text, sizeof(head.text));
		if (pwrite(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
			_exit(EXIT_FAILURE);
	}
	_exit(EXIT_SUCCESS);
}

/* --- who has it read ------------------------------------------------------------------------ */

static bool
wait_for(pid_t pid)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	return ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static enum err
read_head(int fd, struct head *out, struct error *e)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < (off_t)sizeof(*out) || pread(fd, out, sizeof(*out), 0) != (ssize_t)sizeof(*out))
		return error_set(e, ERR_CORRUPT, "the certificate was not passed on whole");
	out->text[sizeof(out->text) - 1] = '\0';
	if (out->code != OK)
		return error_set(e, (enum err)out->code, "%s", out->text);
	if (out->certificate_len > PEM_MAX || out->key_len > PEM_MAX ||
		(uint64_t)size != sizeof(*out) + out->certificate_len + out->key_len)
		return error_set(e, ERR_CORRUPT, "the certificate was not passed on whole");
	return OK;
}

static enum err
have_read(const char *certificate, const char *key, int fd, struct error *e)
{
	struct head head;
	pid_t pid = fork();

	if (pid == 0)
		read_and_end(certificate, key, fd);
	if (pid < 0)
		return error_errno(e, "cannot start a process that reads the certificate");
	if (!wait_for(pid))
		return error_set(e, ERR_IO, "the process that reads the certificate has failed");
	return read_head(fd, &head, e);
}

enum err
tls_files_load(const char *certificate, const char *key, int *out, struct error *e)
{
	int fd = memfd_create("orbl-certificate", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum err err;

	*out = -1;
	if (fd < 0)
		return error_errno(e, "cannot make memory for the certificate");
	err = have_read(certificate, key, fd, e);
	if (err == OK && fcntl(fd, F_ADD_SEALS, SEALS) != 0)
		err = error_errno(e, "cannot seal the certificate");
	if (err == OK)
		*out = fd;
	else
		close(fd);
	return err;
}

/* --- who uses it ------------------------------------------------------------------------------ */

enum err
tls_files_open(int fd, struct tls_context **out, struct error *e)
{
	struct head head;
	enum err err = read_head(fd, &head, e);
	size_t len;
	char *texts;

	*out = NULL;
	if (err != OK)
		return err;
	len = (size_t)head.certificate_len + head.key_len;
	texts = malloc(len + 1);
	if (texts == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the certificate");
	if (pread(fd, texts, len, sizeof(head)) == (ssize_t)len)
		err = tls_context_server((struct text){texts, head.certificate_len},
			(struct text){texts + head.certificate_len, head.key_len}, out, e);
	else
		err = error_errno(e, "the certificate cannot be read");
	sodium_memzero(texts, len);
	free(texts);
	return err;
}
