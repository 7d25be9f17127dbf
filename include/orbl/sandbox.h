/* sandbox.h - give up all that a process does not need.
 *
 * A process that meets bytes from outside has the descriptors it was given, and may do nothing else
 * than struct sandbox says: no file by any name, no program, no process.
 *
 *	layer            as root  else
 *	chroot           yes      no     to a directory without files; where root may
 *	another user     yes      -
 *	no new rights    yes      yes
 *	Landlock         yes      yes    where the kernel has it
 *	resource limits  yes      yes    no core, no file growth, no process
 *	seccomp          yes      yes    what is not on the list is EPERM
 */
#ifndef ORBL_SANDBOX_H
#define ORBL_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/err.h>

struct sandbox {
	const char *user;          /* to become when root; "": nobody */
	const char *option;        /* that names the user, for messages */
	bool opens_tcp, opens_udp; /* sockets of this kind may be made, bound and connected */
	bool accepts;              /* connections to sockets that listen */
	bool sends_batches;        /* of datagrams */
	bool maps_files;           /* that it is given the descriptors of */
	bool makes_memory_files;   /* and seals them */
	bool writes_files;         /* that are open, such as a log; else none grows */
	bool has_threads;          /* which were started before sandbox_seal */
	bool ends_with_parent;
};

/* An error leaves the process half shut in: end it. */
enum err sandbox_enter(const struct sandbox *s, struct error *e) ORBL_NODISCARD;
/* The same in two steps. First user, root and files, while there is one thread ... */
enum err sandbox_prepare(const struct sandbox *s, struct error *e) ORBL_NODISCARD;
/* ... then limits and system calls, of all threads. */
enum err sandbox_seal(const struct sandbox *s, struct error *e) ORBL_NODISCARD;

/* Can this process become the user? */
enum err sandbox_check_user(const struct sandbox *s, struct error *e) ORBL_NODISCARD;
/* Become the user when root, and nothing else: for a process that has to open files. */
enum err sandbox_become_user(const struct sandbox *s, struct error *e) ORBL_NODISCARD;
/* No file can be changed, made or removed but below these directories; "" is none, and so is what
 * is not there. */
enum err
sandbox_forbid_writing(const char *const *except, size_t count, struct error *e) ORBL_NODISCARD;
/* Nor be a debugger, mount, or load anything into the kernel; nor connect, unless connects. Holds
 * for the processes that this one starts, too. */
enum err sandbox_forbid_rare(bool connects, struct error *e) ORBL_NODISCARD;

/* Have room for so many descriptors, before it is sealed; returns for how many there is. */
size_t sandbox_raise_descriptors(size_t wanted);
/* Close every descriptor from 3 on but these; negative ones stand for none. Sorts them. */
void sandbox_close_others(int *keep, size_t count);

#endif
