/* udp_echo.c - the least a DNS server can do: each query comes back with the bit that says
 * "response". What the kernel's sockets allow, to compare servers with.
 *
 *	udp_echo PORT
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orbl/text.h>

enum { BATCH = 64, MESSAGE = 512, FLAGS_AT = 2, QR = 0x80 };

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	struct sockaddr_in peers[BATCH];
	unsigned char bytes[BATCH][MESSAGE];
};

static int
open_socket(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
prepare(struct batch *b)
{
	for (size_t i = 0; i < BATCH; i++) {
		b->pieces[i] = (struct iovec){b->bytes[i], MESSAGE};
		b->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &b->peers[i],
			.msg_namelen = sizeof(b->peers[i]),
			.msg_iov = &b->pieces[i],
			.msg_iovlen = 1,
		};
	}
}

static void
echo(struct batch *b, int fd)
{
	int count, sent = 0, n;

	prepare(b);
	count = recvmmsg(fd, b->messages, BATCH, MSG_WAITFORONE, NULL);
	for (int i = 0; i < count; i++) {
		b->pieces[i].iov_len = b->messages[i].msg_len;
		b->bytes[i][FLAGS_AT] |= QR;
	}
	while (sent < count) {
		n = sendmmsg(fd, b->messages + sent, (unsigned)(count - sent), 0);
		if (n < 0 && errno == EINTR)
			continue;
		sent += n > 0 ? n : 1;
	}
}

int
main(int argc, char **argv)
{
	static _Thread_local struct batch b;
	uint64_t port;
	int fd;

	if (argc != 2 || text_to_u64(text_of(argv[1]), UINT16_MAX, &port) != OK) {
		fprintf(stderr, "usage: udp_echo PORT\n");
		return EXIT_FAILURE;
	}
	fd = open_socket((uint16_t)port);
	if (fd < 0) {
		perror("udp_echo");
		return EXIT_FAILURE;
	}
	for (;;)
		echo(&b, fd);
}
